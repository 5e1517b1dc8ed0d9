/**
 * Giving devices back. Takes the names of pods; deletes them gracefully and resolves once pods and claims are gone, which is
 * when their devices are free for certain. Never with a grace period of 0: a node may still hold the devices then.
 */
import { ClaimcheckError } from '../../core/errors.ts'
import type { Wait } from '../../scheduling/pod.ts'
import type { ObjectClient } from './object-client.ts'
import type { Claim } from './object-schemas.ts'
import type { PodInformers } from './pod-informers.ts'
import * as resources from './api-resources.ts'

export interface Release {
  readonly client: ObjectClient
  readonly store: PodInformers
  readonly namespace: string
}

export interface Releasable {
  readonly pod: string
  /** Name of the Secret that goes with it. */
  readonly secret: string | undefined
}

/** Rejects with CLAIM_NOT_RELEASED, naming what is left and who holds it. */
export async function awaitRelease(
  { client, store, namespace }: Release,
  all: readonly Releasable[],
  wait: Wait,
): Promise<void> {
  const names = new Set(all.map(({ pod }) => pod))
  await Promise.all(
    all.flatMap(({ pod, secret }) => [
      client.delete({ resource: resources.pods, namespace, name: pod }),
      ...(secret === undefined
        ? []
        : [client.delete({ resource: resources.secrets, namespace, name: secret })]),
    ]),
  )
  const podsLeft = () => store.pods.all.filter(({ metadata }) => names.has(metadata.name))
  const claimsLeft = () =>
    store.claims.all.filter((claim) => ownersOf(claim).some((owner) => names.has(owner)))
  try {
    await store.until(() => (podsLeft().length + claimsLeft().length === 0 ? true : undefined), {
      ...wait,
      subject: `pods ${[...names].join(', ')}`,
      until: 'to give their devices back',
    })
  } catch (error) {
    if (!(error instanceof ClaimcheckError) || error.code !== 'DEADLINE') throw error
    const pods = podsLeft().map(({ metadata, spec, status }) => {
      const stop = metadata.finalizers === undefined ? '' : `, finalizers ${metadata.finalizers.join(', ')}`
      return `pod ${metadata.name} is ${status.phase ?? 'there'} on ${spec.nodeName ?? 'no node'}, ${metadata.deletionTimestamp === undefined ? 'not being deleted' : `asked to be gone by ${metadata.deletionTimestamp}`}${stop}`
    })
    throw new ClaimcheckError('CLAIM_NOT_RELEASED', {
      subject: `devices of ${[...names].join(', ')}`,
      problem: `were not given back in ${wait.within} s`,
      found: [...pods, ...claimsLeft().map(describeClaim)].join('; '),
      hint: error.hint ?? "Look at the node's kubelet and at the driver's pod there.",
      details: error.details,
      cause: error,
    })
  }
}

const ownersOf = ({ metadata }: Claim): string[] =>
  (metadata.ownerReferences ?? []).flatMap(({ kind, name }) => (kind === 'Pod' ? name : []))

function describeClaim({ metadata, status }: Claim): string {
  const holders = (status?.reservedFor ?? []).map(({ resource, name }) => `${resource}/${name}`)
  const devices = (status?.allocation?.devices.results ?? []).map(({ device }) => device)
  return `ResourceClaim ${metadata.name} holds ${devices.join(', ') || 'nothing'}, reserved for ${holders.join(', ') || 'nobody'}${metadata.finalizers === undefined ? '' : `, finalizers ${metadata.finalizers.join(', ')}`}`
}
