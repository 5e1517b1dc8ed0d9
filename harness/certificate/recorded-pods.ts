/** The pods in a certificate's evidence: their claims and the devices they saw, for evaluating expectations again. */
import type { AllocatedClaim } from '../claim/allocated-claim.ts'
import { ClaimcheckError } from '../core/errors.ts'
import type { ClaimedPods, ContainerObservation } from '../transfer/pod-set.ts'
import type { Sku } from '../sku/sku.ts'
import type { Pods } from './evidence-schema.ts'

export class RecordedPods implements ClaimedPods {
  readonly sku: Sku
  readonly emulated: boolean
  readonly #evidence: Pods

  constructor(evidence: Pods, { sku, emulated }: { readonly sku: Sku; readonly emulated: boolean }) {
    this.#evidence = evidence
    this.sku = sku
    this.emulated = emulated
  }

  /** Rejects with the recorded failure, or with CERTIFICATE_INCOMPLETE. */
  async claims(): Promise<readonly AllocatedClaim[]> {
    return this.#evidence.claims ?? this.#missing('claims')
  }

  /** Rejects with the recorded failure, or with CERTIFICATE_INCOMPLETE. */
  async look(): Promise<readonly ContainerObservation[]> {
    const claims = await this.claims()
    const seen = this.#evidence.seen ?? this.#missing('seen')
    return seen.map((one) => {
      const { node, container } = one
      const visible = 'visible' in one ? one.visible : one.sighting
      const allocated = claims.find((claim) => claim.node === node)
      return allocated === undefined
        ? this.#missing(`a claim on ${node}`)
        : { node, container, allocated, visible }
    })
  }

  #missing(what: string): never {
    const { failure } = this.#evidence
    if (failure !== undefined)
      throw new ClaimcheckError(failure.code, {
        subject: 'pods',
        problem: 'failed',
        sentence: failure.message,
      })
    throw new ClaimcheckError('CERTIFICATE_INCOMPLETE', {
      subject: 'the evidence of a pod',
      problem: 'does not contain what the verdict depends on',
      expected: what,
    })
  }
}
