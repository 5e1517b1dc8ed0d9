/**
 * Explains why no node can satisfy the claims of a pod: per node and request, how many devices class and selectors match,
 * which of them are in use or tainted, and which constraint cannot be satisfied.
 */
import type { Selector } from '../dra/cel/selector.ts'
import type { PooledDevice } from '../dra/resource-pools.ts'
import { ClaimcheckError } from '../core/errors.ts'
import type { NodeDevices } from './node-devices.ts'
import type { Alternative, Request } from './device-request.ts'
import { search } from './device-search.ts'
import { isTolerated } from './toleration.ts'

interface SelectorCount {
  readonly expression: string
  /** Devices left after the class, the selectors before and this one. */
  readonly left: number
}

interface RequestExplanation {
  readonly claim: string
  readonly request: string
  readonly need: number | 'All'
  readonly className: string
  readonly ofClass: number
  readonly selectors: readonly SelectorCount[]
  /** Devices that match all selectors but are in use. */
  readonly inUse: readonly { readonly device: string; readonly holder: string }[]
  /** Devices that match all selectors and are free, but have a taint that the request does not tolerate. */
  readonly tainted: readonly string[]
  readonly free: number
}

export interface NodeExplanation {
  readonly node: string
  readonly requests: readonly RequestExplanation[]
  /** Why the node cannot satisfy the requests together, or a pool that is ignored. */
  readonly cut: string | undefined
}

export function explainNode(requests: readonly Request[], inventory: NodeDevices): NodeExplanation {
  const explained = requests.map((request) => request.map((alternative) => count(alternative, inventory)))
  const short = explained.filter((alternatives) => alternatives.every(isShort)).flat()
  if (inventory.faults.length > 0 && short.length > 0) {
    return { node: inventory.node, requests: short, cut: inventory.faults.join(', ') }
  }
  return {
    node: inventory.node,
    requests: short,
    cut: short.length > 0 ? undefined : conflictingConstraints(requests, inventory),
  }
}

export function describeNode({ node, requests, cut }: NodeExplanation): string {
  const parts = [...requests.map(describeRequest), ...(cut === undefined ? [] : [cut])]
  return `${node}: ${parts.join('; ')}`
}

const isShort = ({ need, free, inUse, tainted }: RequestExplanation): boolean =>
  need === 'All' ? free === 0 || inUse.length + tainted.length > 0 : free < need

function count(alternative: Alternative, inventory: NodeDevices): RequestExplanation {
  const narrow = (devices: readonly PooledDevice[], selector: Selector) =>
    devices.filter((device) => matches(selector, device))
  const ofClass = alternative.classSelectors.reduce(narrow, inventory.devices)
  let left = ofClass
  const selectors = alternative.selectors.map((selector) => {
    left = narrow(left, selector)
    return { expression: selector.expression, left: left.length }
  })
  const holderOf = (device: PooledDevice) =>
    alternative.adminAccess ? undefined : inventory.holderOf(device)
  const inUse = left.flatMap((device) => {
    const holder = holderOf(device)
    return holder === undefined ? [] : { device: device.device.name, holder }
  })
  const tainted = left
    .filter((one) => holderOf(one) === undefined && !isTolerated(one.device, alternative.tolerations))
    .map(({ device }) => device.name)
  return {
    claim: alternative.claim,
    request: alternative.label,
    need: alternative.need,
    className: alternative.className,
    ofClass: ofClass.length,
    selectors,
    inUse,
    tainted,
    free: left.length - inUse.length - tainted.length,
  }
}

/** The search has not evaluated selectors for devices in use; one that fails there counts as no match. */
function matches(selector: Selector, { device, driver }: PooledDevice): boolean {
  try {
    return selector.matches(device, driver)
  } catch (error) {
    if (error instanceof ClaimcheckError && error.code === 'CEL_RUNTIME') return false
    throw error
  }
}

/** Repeats the search without one constraint at a time; a constraint is the reason if the search then succeeds. */
function conflictingConstraints(requests: readonly Request[], inventory: NodeDevices): string {
  const constraints = [...new Set(requests.flat().flatMap((alternative) => alternative.constraints))]
  const without = (dropped: (typeof constraints)[number]) =>
    requests.map((request) =>
      request.map((alternative) => ({
        ...alternative,
        constraints: alternative.constraints.filter((constraint) => constraint !== dropped),
      })),
    )
  const blocking = constraints.filter((constraint) => isFound(without(constraint), inventory))
  if (blocking.length > 0) {
    return `constraint ${blocking.map(({ description }) => description).join(' and ')} leaves no choice of devices`
  }
  return constraints.length === 0
    ? 'each request alone has enough devices, but the requests compete for the same ones'
    : `constraints ${constraints.map(({ description }) => description).join(', ')} together leave no choice of devices`
}

/** False if the search ends in an error, which does not show that the dropped constraint was the reason. */
function isFound(requests: readonly Request[], inventory: NodeDevices): boolean {
  try {
    return search(requests, inventory) !== undefined
  } catch (error) {
    if (error instanceof ClaimcheckError) return false
    throw error
  }
}

function describeRequest(explanation: RequestExplanation): string {
  const { claim, request, need, className, ofClass, selectors, inUse, tainted, free } = explanation
  const chain =
    ofClass === 0 ? [] : selectors.map(({ expression, left }) => `${left} of them match ${expression}`)
  const holders = [...Map.groupBy(inUse, ({ holder }) => holder)].map(
    ([holder, held]) => `${held.map(({ device }) => device).join(', ')} by ${holder}`,
  )
  const use = holders.length === 0 ? [] : [`in use: ${holders.join('; ')}`]
  return `request "${request}" of claim ${claim} needs ${need === 'All' ? 'all devices, at least one' : need}: ${[
    `${ofClass} devices of class ${className}`,
    ...chain,
    ...use,
    ...(tainted.length === 0 ? [] : [`tainted: ${tainted.join(', ')}`]),
    `${free} free`,
  ].join(', ')}`
}
