/**
 * Allocates the claims of one pod as Kubernetes' scheduler does for `resource.k8s.io/v1`: all of them on one node, first fit
 * in node order, and on each node in the order of pools, slices and devices. A pure function. Features it does not support,
 * such as consumable capacity, shared counters and binding conditions, are an error. tests/scheduling/differential compares
 * it with the scheduler of Kubernetes 1.36.
 */
import type { DeviceAllocation, DeviceClass, ResourceSlice } from '../dra/objects.ts'
import { ClaimcheckError } from '../core/errors.ts'
import { describeNode, explainNode } from './unsatisfiable-claim.ts'
import { NodeDevices, type DeviceInUse } from './node-devices.ts'
import { requestsOf, type NamedClaimSpec } from './device-request.ts'
import { search, type Chosen } from './device-search.ts'
import { refuseUnsupported } from './unsupported-features.ts'

export interface AllocationInput {
  /** The claims of one pod. They are allocated devices of one node, and no device twice. */
  readonly claims: readonly NamedClaimSpec[]
  /** In the order in which they are tried. */
  readonly nodes: readonly string[]
  /** Nodes that are not tried, for instance because of anti-affinity, with the reason. */
  readonly excluded?: readonly { readonly node: string; readonly reason: string }[]
  readonly slices: readonly ResourceSlice[]
  readonly classes: readonly DeviceClass[]
  readonly allocated: readonly DeviceInUse[]
  readonly stepLimit?: number
}

export interface Allocation {
  readonly node: string
  /** In the order of the input's claims. */
  readonly claims: readonly { readonly name: string; readonly results: readonly DeviceAllocation[] }[]
}

/**
 * Throws CLAIM_UNSATISFIABLE with a reason per node and request, DEVICE_CLASS_MISSING, CEL_INVALID, CEL_RUNTIME,
 * ALLOCATION_UNSUPPORTED or ALLOCATION_TOO_COMPLEX.
 */
export function allocate(input: AllocationInput): Allocation {
  refuseUnsupported(input)
  const requests = requestsOf(input.claims, input.classes)
  const excluded = new Map((input.excluded ?? []).map(({ node, reason }) => [node, reason]))
  const tried: NodeDevices[] = []
  let found: Allocation | undefined
  for (const node of input.nodes.filter((name) => !excluded.has(name))) {
    const inventory = new NodeDevices(node, input.slices, input.allocated)
    // All nodes are searched, although the first that fits is used, because an error on any of them fails the claim.
    const chosen = search(requests, inventory, { stepLimit: input.stepLimit })
    if (chosen === undefined) tried.push(inventory)
    else found ??= allocationOf(node, input.claims, chosen)
  }
  if (found !== undefined) return found
  const nodes = tried.map((inventory) => explainNode(requests, inventory))
  const names = input.claims.map(({ name }) => name).join(', ')
  const reasons = [
    ...nodes.map(describeNode),
    ...[...excluded].map(([node, reason]) => `${node}: excluded, ${reason}`),
  ]
  throw new ClaimcheckError('CLAIM_UNSATISFIABLE', {
    subject: `${input.claims.length === 1 ? 'claim' : 'claims'} ${names}`,
    problem: `cannot be allocated on any node:${reasons.map((reason) => `\n  ${reason}`).join('')}`,
    details: { nodes, excluded: Object.fromEntries(excluded) },
  })
}

function allocationOf(
  node: string,
  claims: readonly NamedClaimSpec[],
  chosen: readonly Chosen[],
): Allocation {
  return {
    node,
    claims: claims.map(({ name }) => ({
      name,
      results: chosen
        .filter(({ alternative }) => alternative.claim === name)
        .map(({ alternative, device: { driver, pool, device } }) => ({
          request: alternative.label,
          driver,
          pool,
          device: device.name,
        })),
    })),
  }
}
