/**
 * Reads an allocation back. Takes a ResourceClaim and the slices; gives an `AllocatedClaim`: one node, its GPUs and
 * NICs in the order of the claim's results. Never trusts a result that no slice backs.
 */
import { ClaimcheckError } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import type { DeviceAllocation, ResourceClaim, ResourceSlice } from '../dra/objects.ts'
import { poolsOf } from '../dra/resource-pools.ts'
import { placementFeatures } from '../dra/slice-features.ts'
import { devicesOf, type PublishedGpu, type PublishedNic } from './published-device.ts'
import { incompletePoolsError } from './resource-pool-state.ts'

/** `request` is the claim's request, or `request/subrequest`. */
export type AllocatedGpu = PublishedGpu & { readonly request: string }
export type AllocatedNic = PublishedNic & { readonly request: string }

export interface AllocatedClaim {
  readonly name: string
  readonly node: string
  readonly gpus: readonly AllocatedGpu[]
  readonly nics: readonly AllocatedNic[]
}

/**
 * Throws ALLOCATION_INVALID: not allocated, a device that no slice publishes, or devices of two nodes; POOL_INCOMPLETE for a
 * device of a pool that its driver is publishing; ALLOCATION_UNSUPPORTED for a device that is not bound to a node by name.
 */
export function resolveAllocation(claim: ResourceClaim, slices: readonly ResourceSlice[]): AllocatedClaim {
  const subject = `ResourceClaim ${claim.metadata.namespace === undefined ? '' : `${claim.metadata.namespace}/`}${claim.metadata.name}`
  const results = claim.status?.allocation?.devices.results ?? []
  if (results.length === 0) {
    throw new ClaimcheckError('ALLOCATION_INVALID', {
      subject,
      problem: 'has no allocated devices',
      hint: 'Wait until status.allocation is set before reading it back.',
    })
  }
  const found = results.map((result) => ({ result, ...placeOf(result, slices, subject) }))
  const nodes = [...new Set(found.map(({ node }) => node))]
  const [node] = nodes
  if (node === undefined || nodes.length > 1) {
    throw new ClaimcheckError('ALLOCATION_INVALID', {
      subject,
      problem: 'has devices of more than one node',
      expected: 'one node',
      found: found.map(({ node, result }) => `${result.device} of ${node}`).join(', '),
    })
  }
  const devices = found.flatMap(({ result, device }) =>
    device === undefined ? [] : { ...device, request: result.request },
  )
  return {
    name: claim.metadata.name,
    node,
    gpus: devices.filter((device) => device.kind === 'gpu'),
    nics: devices.filter((device) => device.kind === 'nic'),
  }
}

function placeOf(result: DeviceAllocation, slices: readonly ResourceSlice[], subject: string) {
  const pool = poolsOf(slices).find(({ driver, name }) => driver === result.driver && name === result.pool)
  if (pool?.complete === false) throw incompletePoolsError([pool])
  const features = placementFeatures(pool?.slices ?? [])
  if (features.length > 0)
    throw new ClaimcheckError('ALLOCATION_UNSUPPORTED', {
      subject,
      problem: `was given device ${result.device} of pool ${result.pool}, driver ${result.driver}, for request "${result.request}"`,
      expected: 'a device that is bound to its node by spec.nodeName of its slice',
      found: features.join(', '),
      hint: 'Exclude the devices of this pool with a selector of the DeviceClass.',
    })
  for (const { spec } of pool?.slices ?? []) {
    const device = spec.devices?.find(({ name }) => name === result.device)
    if (device === undefined || spec.nodeName === undefined) continue
    const published = devicesOf(slices).find(
      (one) => one.driver === result.driver && one.pool === result.pool && one.name === result.device,
    )
    return { node: spec.nodeName, device: published }
  }
  const names = pool?.slices.flatMap(({ spec }) => spec.devices?.map(({ name }) => name) ?? []) ?? []
  const near = nearest(result.device, names)
  throw new ClaimcheckError('ALLOCATION_INVALID', {
    subject,
    problem: `was given a device for request "${result.request}" that no slice publishes`,
    expected:
      pool === undefined ? `a pool ${result.pool} of ${result.driver}` : `one of ${names.join(', ')} in it`,
    found: `${result.device} of pool ${result.pool}, driver ${result.driver}${near === undefined ? '' : ` (near ${near})`}`,
    hint: 'Look at kubectl get resourceslices; the driver may have withdrawn the device after allocation.',
    details: { ...result },
  })
}
