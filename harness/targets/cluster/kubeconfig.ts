/**
 * Which cluster is meant. Takes a kubeconfig and the name of a context; gives the client's configuration for it.
 * The kubeconfig's current context is never looked at: nobody loads a cluster because a shell happened to point there.
 */
import { existsSync } from 'node:fs'
import { KubeConfig } from '@kubernetes/client-node'
import { ClaimcheckError } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'

/** Plain data, so that it can be handed from process to process. */
export interface Connection {
  /** Files, or the text itself. */
  readonly kubeconfig: readonly string[] | { readonly text: string }
  readonly context: string
}

/** Throws VARIABLE_INVALID for a context that is not there, FILE_UNREADABLE or FILE_INVALID for the kubeconfig. */
export function configFor({ kubeconfig, context }: Connection): KubeConfig {
  const config = load(kubeconfig)
  const names = config.getContexts().map(({ name }) => name)
  if (!names.includes(context)) {
    const near = nearest(context, names)
    throw new ClaimcheckError('VARIABLE_INVALID', {
      subject: 'CLAIMCHECK_CONTEXT',
      problem: `names a context that ${placeOf(kubeconfig)} does not have`,
      expected: names.length === 0 ? 'a kubeconfig with contexts' : `one of ${names.join(', ')}`,
      found: JSON.stringify(context),
      hint: near === undefined ? 'See `kubectl config get-contexts`.' : `Did you mean ${near}?`,
    })
  }
  config.setCurrentContext(context)
  if (config.getCurrentCluster() === null || config.getCurrentUser() === null) {
    throw new ClaimcheckError('FILE_INVALID', {
      subject: placeOf(kubeconfig),
      problem: `has a context ${context} whose cluster or user is not in it`,
      hint: 'Correct the kubeconfig.',
    })
  }
  return config
}

function load(kubeconfig: Connection['kubeconfig']): KubeConfig {
  const place = placeOf(kubeconfig)
  const config = new KubeConfig()
  try {
    if ('text' in kubeconfig) {
      config.loadFromString(kubeconfig.text)
      return config
    }
    const [first, ...more] = kubeconfig.filter((path) => existsSync(path))
    if (first === undefined) {
      throw new ClaimcheckError('FILE_UNREADABLE', {
        subject: place,
        problem: 'is not there',
        hint: 'Set KUBECONFIG to the kubeconfig of the cluster.',
      })
    }
    config.loadFromFile(first)
    for (const path of more) {
      const other = new KubeConfig()
      other.loadFromFile(path)
      config.mergeConfig(other, true)
    }
    return config
  } catch (cause) {
    if (cause instanceof ClaimcheckError) throw cause
    throw new ClaimcheckError('FILE_INVALID', {
      subject: place,
      problem: 'cannot be read as a kubeconfig',
      found: cause instanceof Error ? cause.message : String(cause),
      cause,
    })
  }
}

const placeOf = (kubeconfig: Connection['kubeconfig']): string =>
  'text' in kubeconfig ? 'the kubeconfig' : `kubeconfig ${kubeconfig.join(', ')}`
