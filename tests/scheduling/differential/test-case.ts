/**
 * A test case for both the emulated allocator and a real scheduler: a small cluster, the devices in use, and the claims
 * of one pod. Also the result, in a form that both can be converted to.
 */
import type { DeviceAllocation, DeviceClass, ResourceSlice } from '../../../harness/dra/objects.ts'
import type { NamedClaimSpec } from '../../../harness/scheduling/device-request.ts'

export interface Case {
  readonly nodes: readonly string[]
  readonly slices: readonly ResourceSlice[]
  readonly classes: readonly DeviceClass[]
  /** Devices that are allocated to an earlier claim. */
  readonly held: readonly Omit<DeviceAllocation, 'request'>[]
  readonly claims: readonly NamedClaimSpec[]
}

export type Answer =
  | { readonly kind: 'allocated'; readonly node: string; readonly devices: readonly ClaimDevices[] }
  | { readonly kind: 'unsatisfiable'; readonly reason: string }
  /** The claim itself is rejected, as one whose selector does not compile. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Only of kube-scheduler: its search, which is exponential, reached its time limit. Nothing to compare with. */
  | { readonly kind: 'undecided'; readonly reason: string }

export interface ClaimDevices {
  readonly claim: string
  /** `request=driver/pool/device`, in the order of the allocation. */
  readonly devices: readonly string[]
}

export const textOf = ({ request, driver, pool, device }: DeviceAllocation): string =>
  `${request}=${driver}/${pool}/${device}`

/** The kind of random cases to generate. */
export interface Scope {
  /** Whether attributes may be lists, which Kubernetes has behind a feature gate. */
  readonly lists: boolean
  /** The feature that occurs more often than in real clusters; `field` for none. */
  readonly theme: 'field' | 'taints' | 'constraints'
}
