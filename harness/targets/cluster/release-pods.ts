/**
 * Deletes pods and waits until their devices are free. Pods are deleted with their grace period, because a node may still
 * hold the devices of a pod that was deleted with a grace period of 0.
 */
import { ClaimcheckError } from '../../core/errors.ts'
import type { Wait } from '../../scheduling/pod.ts'
import type { ObjectClient } from './object-client.ts'
import type { Claim } from './object-schemas.ts'
import type { PodInformers } from './pod-informers.ts'
import * as resources from './api-resources.ts'

export interface Release {
  readonly client: ObjectClient
  readonly informers: PodInformers
  readonly namespace: string
}

export interface Releasable {
  readonly pod: string
  /** The name of the pod's Secret, if it has one. */
  readonly secret: string | undefined
}

/** Resolves once pods and claims are gone. Rejects with CLAIM_NOT_RELEASED, which lists what is left and its holders. */
export async function awaitRelease(
  { client, informers, namespace }: Release,
  releasable: readonly Releasable[],
  wait: Wait,
): Promise<void> {
  const names = new Set(releasable.map(({ pod }) => pod))
  await Promise.all(
    releasable.flatMap(({ pod, secret }) => [
      client.delete({ resource: resources.pods, namespace, name: pod }),
      ...(secret === undefined
        ? []
        : [client.delete({ resource: resources.secrets, namespace, name: secret })]),
    ]),
  )
  const podsLeft = () => informers.pods.all.filter(({ metadata }) => names.has(metadata.name))
  const claimsLeft = () =>
    informers.claims.all.filter((claim) => ownersOf(claim).some((owner) => names.has(owner)))
  try {
    await informers.until(() => (podsLeft().length + claimsLeft().length === 0 ? true : undefined), {
      ...wait,
      subject: `pods ${[...names].join(', ')}`,
      until: 'to release their devices',
    })
  } catch (error) {
    if (!(error instanceof ClaimcheckError) || error.code !== 'DEADLINE') throw error
    const pods = podsLeft().map(({ metadata, spec, status }) => {
      const finalizers =
        metadata.finalizers === undefined ? '' : `, finalizers ${metadata.finalizers.join(', ')}`
      return `pod ${metadata.name} is ${status.phase ?? 'of unknown phase'} on ${spec.nodeName ?? 'no node'}, ${metadata.deletionTimestamp === undefined ? 'not being deleted' : `to be deleted by ${metadata.deletionTimestamp}`}${finalizers}`
    })
    throw new ClaimcheckError('CLAIM_NOT_RELEASED', {
      subject: `devices of ${[...names].join(', ')}`,
      problem: `were not released within ${wait.within} s`,
      found: [...pods, ...claimsLeft().map(describeClaim)].join('; '),
      hint: error.hint ?? "Check the node's kubelet and the driver's pod on that node.",
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
  return `ResourceClaim ${metadata.name} holds ${devices.join(', ') || 'no devices'}, reserved for ${holders.join(', ') || 'no pod'}${metadata.finalizers === undefined ? '' : `, finalizers ${metadata.finalizers.join(', ')}`}`
}
