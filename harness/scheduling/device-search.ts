/**
 * The search for devices on one node, by backtracking: requests in order, alternatives in order, devices in the node's order.
 * Returns the first solution, within a bounded number of steps.
 */
import type { PooledDevice } from '../dra/resource-pools.ts'
import { ClaimcheckError } from '../core/errors.ts'
import type { NodeDevices } from './node-devices.ts'
import { RESULT_LIMIT, type Alternative, type Request } from './device-request.ts'
import { isTolerated } from './toleration.ts'

export interface Chosen {
  readonly alternative: Alternative
  readonly device: PooledDevice
}

export interface SearchOptions {
  readonly stepLimit?: number | undefined
  /** Called with each solution; false continues the search. Absent: the first solution is returned. */
  readonly accept?: (chosen: readonly Chosen[]) => boolean
}

const STEP_LIMIT = 200_000

/**
 * Returns undefined if this node cannot satisfy the requests. Throws the errors that fail the claims on every node in
 * Kubernetes: CEL_RUNTIME, and CLAIM_UNSATISFIABLE if a request for all devices cannot be satisfied. Throws
 * ALLOCATION_TOO_COMPLEX after `stepLimit` steps.
 */
export function search(
  requests: readonly Request[],
  inventory: NodeDevices,
  options: SearchOptions = {},
): readonly Chosen[] | undefined {
  const attempt = new Search(requests, inventory, options)
  return attempt.isPossible() && attempt.solve(0) ? attempt.chosen : undefined
}

class Search {
  readonly chosen: Chosen[] = []
  readonly #requests: readonly Request[]
  readonly #inventory: NodeDevices
  readonly #stepLimit: number
  readonly #accept: (chosen: readonly Chosen[]) => boolean
  /** By device, the claims that it is chosen for. */
  readonly #claimsOf = new Map<PooledDevice, string[]>()
  /** By request for all devices, the devices that it selects. */
  readonly #all = new Map<Alternative, readonly PooledDevice[]>()
  /** True if no selector fails on this node, so that devices can be evaluated in any order. */
  readonly #isSafe: boolean
  /** Alternatives whose devices have all been tried once, for which counting ahead saves time. */
  readonly #tried = new Set<Alternative>()
  #steps = 0

  constructor(requests: readonly Request[], inventory: NodeDevices, { stepLimit, accept }: SearchOptions) {
    this.#requests = requests
    this.#inventory = inventory
    this.#stepLimit = stepLimit ?? STEP_LIMIT
    this.#accept = accept ?? (() => true)
    const alternatives = requests.flat()
    for (const alternative of alternatives) {
      for (const constraint of alternative.constraints) constraint.reset()
      if (alternative.need === 'All') this.#all.set(alternative, this.#everyDevice(alternative))
    }
    this.#refuseTooMany()
    this.#isSafe = alternatives.every((alternative) => inventory.isSafe(alternative))
  }

  /** Whether each request could be satisfied on its own. Avoids trying every choice of one if another never fits. */
  isPossible(): boolean {
    if (!this.#isSafe) return true
    return this.#requests.every((request) => request.some((alternative) => this.#fitsAlone(alternative)))
  }

  #fitsAlone(alternative: Alternative): boolean {
    let left = alternative.need === 'All' ? 1 : alternative.need
    return this.#inventory.devices.some((device) => this.#isEligible(alternative, device) && --left === 0)
  }

  solve(index: number): boolean {
    const request = this.#requests[index]
    if (request === undefined) return this.#accept(this.chosen)
    return request.some((alternative) => {
      const all = this.#all.get(alternative)
      if (!this.#hasRoom(alternative)) return false
      return all === undefined
        ? this.#take(alternative, Number(alternative.need), 0, index)
        : this.#takeAll(alternative, all, index)
    })
  }

  #hasRoom(alternative: Alternative): boolean {
    const soFar = this.chosen.filter(({ alternative: { claim } }) => claim === alternative.claim)
    return soFar.length + this.#count(alternative) <= RESULT_LIMIT
  }

  #count(alternative: Alternative): number {
    return this.#all.get(alternative)?.length ?? Number(alternative.need)
  }

  #refuseTooMany(): void {
    for (const [claim, requests] of Map.groupBy(this.#requests, ([first]) => first?.claim)) {
      const least = requests.map((request) => Math.min(...request.map((one) => this.#count(one))))
      const total = least.reduce((sum, one) => sum + one, 0)
      if (claim === undefined || total <= RESULT_LIMIT) continue
      throw new ClaimcheckError('CLAIM_UNSATISFIABLE', {
        subject: `claim ${claim}`,
        problem: 'requests more devices than one claim may have',
        expected: `at most ${RESULT_LIMIT}`,
        found: `${total} on ${this.#inventory.node}`,
      })
    }
  }

  #everyDevice(alternative: Alternative): PooledDevice[] {
    const { node, faults, devices } = this.#inventory
    if (faults.length > 0) throw allRefused(alternative, node, faults.join(', '))
    return devices.filter((device) => this.#inventory.selects(alternative, device))
  }

  /** The request fails if a device is in use or none matches; the claim fails if a constraint rejects a device. */
  #takeAll(alternative: Alternative, all: readonly PooledDevice[], index: number): boolean {
    const before = this.chosen.length
    const fits =
      all.length > 0 &&
      all.every((device) => {
        if (!this.#isFree(alternative, device) || !isTolerated(device.device, alternative.tolerations)) {
          return false
        }
        const refusing = this.#add(alternative, device)
        if (refusing === undefined) return true
        throw allRefused(
          alternative,
          this.#inventory.node,
          `${refusing} leaves no choice of devices: ${device.device.name} does not satisfy it with the others`,
        )
      })
    if (fits && this.solve(index + 1)) return true
    while (this.chosen.length > before) this.#removeLast()
    return false
  }

  #take(alternative: Alternative, left: number, from: number, index: number): boolean {
    if (left === 0) return this.solve(index + 1)
    const { devices } = this.#inventory
    for (const [at, device] of devices.entries()) {
      if (at < from || !this.#isEligible(alternative, device)) continue
      if (this.#tried.has(alternative) && this.#countFrom(alternative, at) < left) return false
      if (this.#add(alternative, device) !== undefined) continue
      if (this.#take(alternative, left - 1, at + 1, index)) return true
      this.#removeLast()
    }
    if (this.#isSafe) this.#tried.add(alternative)
    return false
  }

  /** The number of devices from index `from` on that could still be chosen, each considered alone. */
  #countFrom(alternative: Alternative, from: number): number {
    // distinctAttribute may accept later what it rejects now, since it compares only with the last device.
    const lasting = alternative.constraints.filter(({ kind }) => kind === 'matchAttribute')
    return this.#inventory.devices.filter(
      (device, at) =>
        at >= from &&
        this.#isEligible(alternative, device) &&
        lasting.every((constraint) => constraint.wouldAccept(device)),
    ).length
  }

  /** The order matters: a selector is evaluated on a tainted device too, and may fail on it. */
  #isEligible(alternative: Alternative, device: PooledDevice): boolean {
    return (
      this.#isFree(alternative, device) &&
      this.#inventory.selects(alternative, device) &&
      isTolerated(device.device, alternative.tolerations)
    )
  }

  /** Admin access shares devices with other claims, but a claim has no device twice. */
  #isFree(alternative: Alternative, device: PooledDevice): boolean {
    const claims = this.#claimsOf.get(device) ?? []
    return alternative.adminAccess
      ? !claims.includes(alternative.claim)
      : claims.length === 0 && this.#inventory.holderOf(device) === undefined
  }

  /** Returns undefined, or the constraint that rejects the device. */
  #add(alternative: Alternative, device: PooledDevice): string | undefined {
    if (++this.#steps > this.#stepLimit) throw tooComplex(this.#inventory.node, this.#stepLimit)
    const { label, claim, constraints } = alternative
    for (const [position, constraint] of constraints.entries()) {
      if (constraint.add(device, label)) continue
      for (const added of constraints.slice(0, position)) added.remove(label)
      return `constraint ${constraint.description}`
    }
    this.#claimsOf.set(device, [...(this.#claimsOf.get(device) ?? []), claim])
    this.chosen.push({ alternative, device })
    return undefined
  }

  #removeLast(): void {
    const last = this.chosen.pop()
    if (last === undefined) return
    this.#claimsOf.get(last.device)?.pop()
    for (const constraint of last.alternative.constraints) constraint.remove(last.alternative.label)
  }
}

function allRefused({ claim, label }: Alternative, node: string, why: string): ClaimcheckError {
  return new ClaimcheckError('CLAIM_UNSATISFIABLE', {
    subject: `claim ${claim}`,
    problem: `cannot be allocated on any node: request "${label}" requires all devices, and on ${node} ${why}`,
    details: { node, request: label },
  })
}

function tooComplex(node: string, limit: number): ClaimcheckError {
  return new ClaimcheckError('ALLOCATION_TOO_COMPLEX', {
    subject: `node ${node}`,
    problem: `has too many combinations of devices: the search stopped after ${limit} steps`,
    hint: 'Use narrower selectors, so that fewer devices match.',
  })
}
