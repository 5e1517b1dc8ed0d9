/** Pods on record. Takes a certificate's evidence; gives what they claimed and saw, or what kept that from being learnt. */
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

  /** Rejects with the failure on record, or CERTIFICATE_INCOMPLETE. */
  async claims(): Promise<readonly AllocatedClaim[]> {
    return this.#evidence.claims ?? this.#lack('claims')
  }

  /** Rejects with the failure on record, or CERTIFICATE_INCOMPLETE. */
  async look(): Promise<readonly ContainerObservation[]> {
    const claims = await this.claims()
    const seen = this.#evidence.seen ?? this.#lack('seen')
    return seen.map((one) => {
      const allocated = claims.find(({ node }) => node === one.node)
      return allocated === undefined ? this.#lack(`a claim on ${one.node}`) : { ...one, allocated }
    })
  }

  #lack(what: string): never {
    const { failure } = this.#evidence
    if (failure !== undefined)
      throw new ClaimcheckError(failure.code, {
        subject: 'pods',
        problem: 'failed',
        sentence: failure.message,
      })
    throw new ClaimcheckError('CERTIFICATE_INCOMPLETE', {
      subject: 'the evidence of a pod',
      problem: 'lacks what the verdict needs',
      expected: what,
    })
  }
}
