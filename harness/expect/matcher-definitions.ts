/**
 * The matchers of a suite, each defined once. Vitest's matchers, their types and the simulation are all derived from this
 * table. A matcher takes what stands in `expect(...)` and its own arguments, and binds the assertion to its source.
 */
import type { DistanceRequirement } from '../claim/pcie-distance.ts'
import { DEFAULT_DRIFT, DEFAULT_PATH_DEFICIT } from '../measure/default-limits.ts'
import type { Sku } from '../sku/sku.ts'
import type { PodSet } from '../transfer/pod-set.ts'
import { requireSameComparison, type ArmReference, type DeclaredArm } from './arm.ts'
import type { ArmAssertionSpec } from './assertion-spec.ts'
import { bindToArm, bindToKernels, bindToPods, bindToPublished } from './bound-assertion.ts'
import type { BoundAssertion } from './bound-assertion.ts'
import type { Even } from './judge-gpu-nic-paths.ts'
import type { Below, Steady } from './judge-latency.ts'
import type { Outperform, Undercut } from './judge-ratio-and-bounds.ts'
import { askedFigures, type StabilityLimit, type Unstated, type Within } from './stated-reference.ts'
import type { LivePublishedDevices } from './published-devices.ts'

/** Every matcher throws EXPECTATION_INVALID for arguments that make no limit. */
export const matcherDefinitions = {
  /** Passes when the 95 % confidence interval of this arm's figure over the other's lies at or above `by`. */
  toOutperform: (arm: DeclaredArm, other: DeclaredArm, limit: Outperform): BoundAssertion => {
    requireSameComparison(arm, other)
    return bindToArm(arm, { kind: 'outperform', arm: arm.name, other: other.name, in: 'bandwidth', ...limit })
  },
  /** Passes when this arm's latency is lower than the other's by at least `by`, with 95 % confidence. */
  toUndercut: (arm: DeclaredArm, other: DeclaredArm, limit: Undercut): BoundAssertion => {
    requireSameComparison(arm, other)
    return bindToArm(arm, { kind: 'undercut', arm: arm.name, other: other.name, ...limit })
  },
  /**
   * Passes when the 95 % confidence intervals of bandwidth and mean latency, or of the p50 latency alone, lie within the
   * reference's bounds. Measured and inconclusive where the SKU states no reference.
   */
  toBeWithin: (arm: DeclaredArm, reference: ArmReference | Unstated, options: Within = {}): BoundAssertion =>
    bindToArm(arm, withinSpec(arm.name, reference, options)),
  /**
   * Passes when the percentile's 95 % confidence interval lies below a time such as `45 ms`. Inconclusive where the interval is wider
   * than the value itself.
   */
  toStayBelow: (arm: DeclaredArm, limit: string, options: Below): BoundAssertion =>
    bindToArm(arm, { kind: 'stays-below', arm: arm.name, limit, ...options, widest: 1 }),
  /** Passes when the median of p99 / p50 over the rounds is at most the limit. */
  toBeStable: (arm: DeclaredArm, { p99OverP50, usual }: StabilityLimit): BoundAssertion =>
    bindToArm(arm, {
      kind: 'stable',
      arm: arm.name,
      p99OverP50,
      ...(usual === undefined ? {} : { usual }),
    }),
  /** Passes when latency changes by at most `within` (default: 5 %) from the beginning to the end of the arm. */
  toBeSteady: (arm: DeclaredArm, { within }: Steady = { within: DEFAULT_DRIFT }): BoundAssertion =>
    bindToArm(arm, { kind: 'steady', arm: arm.name, within }),
  /** Passes when no path is slower than the median of the other paths by more than `within` (default: 3 %). */
  toHaveEvenPaths: (arm: DeclaredArm, { within }: Even = { within: DEFAULT_PATH_DEFICIT }): BoundAssertion =>
    bindToArm(arm, { kind: 'even-paths', arm: arm.name, within }),
  /** Passes when each claimed NIC carried its share of the bytes within 10 %, and every other interface less than 1 %. */
  toCarryEqualShares: (arm: DeclaredArm): BoundAssertion =>
    bindToArm(arm, { kind: 'equal-shares', arm: arm.name }),
  /** Passes when the receiver checked every byte and found none changed. */
  toArriveIntact: (arm: DeclaredArm): BoundAssertion => bindToArm(arm, { kind: 'intact', arm: arm.name }),
  /** Passes when the counters of every claimed RDMA NIC, at both ends, show no retransmission. */
  toMoveWithoutRetransmissions: (arm: DeclaredArm): BoundAssertion =>
    bindToArm(arm, { kind: 'no-retransmissions', arm: arm.name }),
  /** Passes when every pair of a claimed GPU and a claimed NIC has this distance, as `nvidia-smi topo -m` names it. */
  toClaimPairsAt: (set: PodSet, distance: DistanceRequirement): BoundAssertion =>
    bindToPods(set, { kind: 'pairs-at', distance }),
  /** Passes when /dev/infiniband in every container lists exactly the claimed NICs' devices, and all of them open. */
  toListOnlyClaimedDevices: (set: PodSet): BoundAssertion =>
    bindToPods(set, { kind: 'only-claimed-devices' }),
  /** Passes when no container has a character device of a NIC that its pod did not claim. */
  toLackUnclaimedDevices: (set: PodSet): BoundAssertion => bindToPods(set, { kind: 'no-unclaimed-devices' }),
  /** Passes when every container has exactly lo, eth0 and the claimed interfaces. */
  toHaveOnlyClaimedInterfaces: (set: PodSet): BoundAssertion =>
    bindToPods(set, { kind: 'only-claimed-interfaces' }),
  /**
   * Passes when the device metadata in every container (KEP-5304) describes exactly the devices that the claim was allocated.
   * Skips the test where no driver writes any.
   */
  toDescribeAllocatedDevices: (set: PodSet): BoundAssertion => bindToPods(set, { kind: 'device-metadata' }),
  /** Passes when every container sees exactly the claimed GPUs, each with the links that the SKU states. */
  toSeeClaimedGpus: (set: PodSet): BoundAssertion => bindToPods(set, { kind: 'claimed-gpus' }),
  /** Passes when every node publishes the devices of the SKU, each on its NUMA node. */
  toMatchSku: (devices: LivePublishedDevices, sku: Sku): BoundAssertion => bindToPublished(devices, sku),
  /** Passes when NUMA node, PCIe root, RDMA and interface of every published device are what the node's kernel says. */
  toMatchKernel: (devices: LivePublishedDevices): BoundAssertion => bindToKernels(devices),
} as const

function withinSpec(arm: string, reference: ArmReference | Unstated, options: Within): ArmAssertionSpec {
  const asked = askedFigures(reference, options)
  return 'unstated' in asked
    ? { kind: 'unstated', arm, why: asked.unstated, ...options }
    : { kind: 'within', arm, reference: asked }
}

type Bind = (received: never, ...args: never[]) => BoundAssertion
type Received<Definition extends Bind> = Parameters<Definition>[0]
type Arguments<Definition extends Bind> = Definition extends (
  received: never,
  ...args: infer Args
) => BoundAssertion
  ? Args
  : never

/** The matchers that `expect(received)` offers for a `received` of type `T`; the others accept no call. */
export type SuiteMatchers<T> = {
  readonly [Name in keyof typeof matcherDefinitions]: (
    ...args: T extends Received<(typeof matcherDefinitions)[Name]>
      ? Arguments<(typeof matcherDefinitions)[Name]>
      : [unsupported: never]
  ) => Promise<void>
}

/** All matchers by name, for test runners. The compiler has checked the suite's calls against `SuiteMatchers`. */
export const matchersByName: Readonly<
  Record<string, (received: unknown, ...args: readonly unknown[]) => BoundAssertion>
> = Object.fromEntries(
  Object.entries<Bind>(matcherDefinitions).map(([name, bind]) => [
    name,
    (received: unknown, ...args: readonly unknown[]) => bind(received as never, ...(args as never[])),
  ]),
)
