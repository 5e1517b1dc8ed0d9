/**
 * Loads a kubeconfig and selects one of its contexts by name. The current context is ignored, so that no run uses a cluster
 * by accident.
 */
import { existsSync } from 'node:fs'
import { KubeConfig } from '@kubernetes/client-node'
import { z } from 'zod'
import { ClaimcheckError } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'
import { IN_CLUSTER } from '../../core/variables.ts'
import { parseYaml, readYamlFile } from '../../core/yaml-file.ts'

/** What the Kubernetes client relies on without checking it. */
const kubeconfigSchema = z.looseObject({
  clusters: z
    .array(z.looseObject({ name: z.string(), cluster: z.looseObject({ server: z.string() }) }))
    .nullish(),
  users: z.array(z.looseObject({ name: z.string(), user: z.looseObject({}).nullish() })).nullish(),
  contexts: z
    .array(
      z.looseObject({
        name: z.string(),
        context: z.looseObject({ cluster: z.string(), user: z.string().nullish() }),
      }),
    )
    .nullish(),
})

/** Serializable, since it is passed between processes. */
export interface Connection {
  /** Paths, which are merged as kubectl does, or the content. */
  readonly kubeconfig: readonly string[] | { readonly text: string }
  readonly context: string
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Throws VARIABLE_INVALID for an unknown context, and FILE_UNREADABLE or FILE_INVALID for the kubeconfig. */
export function configFor({ kubeconfig, context }: Connection): KubeConfig {
  if (context === IN_CLUSTER) return inClusterConfig()
  const config = load(kubeconfig)
  const names = config.getContexts().map(({ name }) => name)
  if (!names.includes(context)) {
    const near = nearest(context, names)
    throw new ClaimcheckError('VARIABLE_INVALID', {
      subject: 'CLAIMCHECK_CONTEXT',
      problem: `names a context that ${placeOf(kubeconfig)} does not have`,
      expected: names.length === 0 ? 'a kubeconfig with contexts' : `one of ${names.join(', ')}`,
      found: JSON.stringify(context),
      hint:
        near === undefined ? '`kubectl config get-contexts` lists the contexts.' : `Did you mean ${near}?`,
    })
  }
  config.setCurrentContext(context)
  if (config.getCurrentCluster() === null || config.getCurrentUser() === null) {
    throw new ClaimcheckError('FILE_INVALID', {
      subject: placeOf(kubeconfig),
      problem: `has no cluster or no user for its context ${context}`,
      hint: 'Correct the kubeconfig.',
    })
  }
  return config
}

function inClusterConfig(): KubeConfig {
  const lacking = [
    ...(process.env['KUBERNETES_SERVICE_HOST'] === undefined ? ['the variable KUBERNETES_SERVICE_HOST'] : []),
    ...['token', 'ca.crt'].map((name) => `${SERVICE_ACCOUNT}/${name}`).filter((file) => !existsSync(file)),
  ]
  if (lacking.length > 0) {
    throw new ClaimcheckError('VARIABLE_INVALID', {
      subject: 'CLAIMCHECK_CONTEXT',
      problem: `is ${IN_CLUSTER}, but this process is not in a pod with a token of its ServiceAccount`,
      expected: 'a pod with `automountServiceAccountToken: true`',
      found: `missing: ${lacking.join(', ')}`,
      hint: 'Outside the cluster, set CLAIMCHECK_CONTEXT to a context of the kubeconfig.',
    })
  }
  const config = new KubeConfig()
  config.loadFromCluster()
  return config
}

function load(kubeconfig: Connection['kubeconfig']): KubeConfig {
  const place = placeOf(kubeconfig)
  const config = new KubeConfig()
  try {
    if ('text' in kubeconfig) {
      parseYaml(kubeconfig.text, place, kubeconfigSchema)
      config.loadFromString(kubeconfig.text)
      return config
    }
    const [first, ...more] = kubeconfig.filter((path) => existsSync(path))
    if (first === undefined) {
      throw new ClaimcheckError('FILE_UNREADABLE', {
        subject: place,
        problem: 'does not exist',
        hint:
          process.env['KUBERNETES_SERVICE_HOST'] === undefined
            ? 'Set KUBECONFIG to the kubeconfig of the cluster.'
            : `In this pod, set CLAIMCHECK_CONTEXT=${IN_CLUSTER} to use its ServiceAccount, or mount a kubeconfig and set KUBECONFIG.`,
      })
    }
    readYamlFile(first, kubeconfigSchema)
    config.loadFromFile(first)
    for (const path of more) {
      readYamlFile(path, kubeconfigSchema)
      const other = new KubeConfig()
      other.loadFromFile(path)
      config.mergeConfig(other, true)
    }
    return config
  } catch (cause) {
    if (cause instanceof ClaimcheckError) throw cause
    throw new ClaimcheckError('FILE_INVALID', {
      subject: place,
      problem: 'is not a valid kubeconfig',
      found: cause instanceof Error ? cause.message : String(cause),
      cause,
    })
  }
}

const placeOf = (kubeconfig: Connection['kubeconfig']): string =>
  'text' in kubeconfig ? 'the kubeconfig' : `kubeconfig ${kubeconfig.join(', ')}`
