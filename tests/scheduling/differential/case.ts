/**
 * One question that can be put to the emulated allocator and to a real scheduler alike: a small cluster, who holds what
 * in it, and the claims of one pod. And the answer, in words that both can give.
 */
import type { DeviceAllocation, DeviceClass, ResourceSlice } from '../../../harness/dra/objects.ts'
import type { NamedClaimSpec } from '../../../harness/scheduling/device-request.ts'

export interface Case {
  readonly nodes: readonly string[]
  readonly slices: readonly ResourceSlice[]
  readonly classes: readonly DeviceClass[]
  /** What an earlier claim has. */
  readonly held: readonly Omit<DeviceAllocation, 'request'>[]
  readonly claims: readonly NamedClaimSpec[]
}

export type Answer =
  | { readonly kind: 'allocated'; readonly node: string; readonly devices: readonly ClaimDevices[] }
  | { readonly kind: 'unsatisfiable'; readonly reason: string }
  /** The claim itself is not accepted, as with a selector that does not compile. */
  | { readonly kind: 'refused'; readonly reason: string }

export interface ClaimDevices {
  readonly claim: string
  /** `request=driver/pool/device`, in the order of the allocation. */
  readonly devices: readonly string[]
}

export const textOf = ({ request, driver, pool, device }: DeviceAllocation): string =>
  `${request}=${driver}/${pool}/${device}`

/** What the random cases are like. */
export interface Scope {
  /** Whether attributes may be lists, which Kubernetes has behind a gate. */
  readonly lists: boolean
  /** What there is more of than the field has. */
  readonly theme: 'field' | 'taints' | 'constraints'
}
