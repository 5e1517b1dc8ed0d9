/**
 * The search for devices on one node: requests in order, alternatives in order, devices in slice order, and back again
 * where a choice leads nowhere. Takes requests and an inventory; gives the choice or nothing. Bounded in steps.
 */
import type { PooledDevice } from '../../../claim/pools.ts'
import { ClaimcheckError } from '../../../core/errors.ts'
import type { Inventory } from './inventory.ts'
import type { Alternative, Request } from './request.ts'

export interface Chosen {
  readonly alternative: Alternative
  readonly device: PooledDevice
}

export const STEP_LIMIT = 200_000

/** Undefined: this node cannot have it. Throws CEL_RUNTIME, or ALLOCATION_TOO_COMPLEX after `stepLimit` devices tried. */
export function search(
  requests: readonly Request[],
  inventory: Inventory,
  stepLimit = STEP_LIMIT,
): readonly Chosen[] | undefined {
  const attempt = new Search(requests, inventory, stepLimit)
  return attempt.isPossible() && attempt.solve(0) ? attempt.chosen : undefined
}

class Search {
  readonly chosen: Chosen[] = []
  readonly #requests: readonly Request[]
  readonly #inventory: Inventory
  readonly #stepLimit: number
  readonly #taken = new Set<PooledDevice>()
  /** Alternatives whose selectors have seen every device, so that counting ahead meets no new CEL error. */
  readonly #seenAll = new Set<Alternative>()
  #steps = 0

  constructor(requests: readonly Request[], inventory: Inventory, stepLimit: number) {
    this.#requests = requests
    this.#inventory = inventory
    this.#stepLimit = stepLimit
  }

  /** Whether each request could be met if it were alone. Saves trying every choice of one where another never fits. */
  isPossible(): boolean {
    return this.#requests.every((request) => request.some((alternative) => this.#fitsAlone(alternative)))
  }

  #fitsAlone(alternative: Alternative): boolean {
    let left = alternative.need === 'All' ? 1 : alternative.need
    return this.#inventory.devices.some((device) => this.#isEligible(alternative, device) && --left === 0)
  }

  solve(index: number): boolean {
    const request = this.#requests[index]
    if (request === undefined) return true
    return request.some((alternative) =>
      alternative.need === 'All'
        ? this.#takeAll(alternative, index)
        : this.#take(alternative, alternative.need, 0, index),
    )
  }

  /** Every device the request selects, in use or not: one that is in use fails it, and none at all does too. */
  #takeAll(alternative: Alternative, index: number): boolean {
    if (this.#inventory.incomplete.length > 0) return false
    const all = this.#inventory.devices.filter((device) => this.#inventory.selects(alternative, device))
    const before = this.chosen.length
    const fits =
      all.length > 0 &&
      all.every((device) => this.#isFree(alternative, device) && this.#add(alternative, device))
    if (fits && this.solve(index + 1)) return true
    while (this.chosen.length > before) this.#removeLast()
    return false
  }

  #take(alternative: Alternative, left: number, from: number, index: number): boolean {
    if (left === 0) return this.solve(index + 1)
    const { devices } = this.#inventory
    for (const [at, device] of devices.entries()) {
      if (at < from || !this.#isEligible(alternative, device)) continue
      if (this.#seenAll.has(alternative) && this.#countFrom(alternative, at) < left) return false
      if (!this.#add(alternative, device)) continue
      if (this.#take(alternative, left - 1, at + 1, index)) return true
      this.#removeLast()
    }
    this.#seenAll.add(alternative)
    return false
  }

  /** How many devices from `from` on could still be chosen, each for itself. */
  #countFrom(alternative: Alternative, from: number): number {
    return this.#inventory.devices.filter(
      (device, at) =>
        at >= from &&
        this.#isEligible(alternative, device) &&
        alternative.constraints.every((constraint) => {
          const goes = constraint.add(device)
          if (goes) constraint.remove()
          return goes
        }),
    ).length
  }

  #isEligible(alternative: Alternative, device: PooledDevice): boolean {
    return this.#isFree(alternative, device) && this.#inventory.selects(alternative, device)
  }

  #isFree(alternative: Alternative, device: PooledDevice): boolean {
    if (alternative.adminAccess) return true
    return !this.#taken.has(device) && this.#inventory.holderOf(device) === undefined
  }

  #add(alternative: Alternative, device: PooledDevice): boolean {
    if (++this.#steps > this.#stepLimit) throw tooComplex(this.#inventory.node, this.#stepLimit)
    for (const [position, constraint] of alternative.constraints.entries()) {
      if (constraint.add(device)) continue
      for (const added of alternative.constraints.slice(0, position)) added.remove()
      return false
    }
    if (!alternative.adminAccess) this.#taken.add(device)
    this.chosen.push({ alternative, device })
    return true
  }

  #removeLast(): void {
    const last = this.chosen.pop()
    if (last === undefined) return
    if (!last.alternative.adminAccess) this.#taken.delete(last.device)
    for (const constraint of last.alternative.constraints) constraint.remove()
  }
}

function tooComplex(node: string, limit: number): ClaimcheckError {
  return new ClaimcheckError('ALLOCATION_TOO_COMPLEX', {
    subject: `node ${node}`,
    problem: `was searched for the devices of a claim without an answer after ${limit} tries`,
    hint: 'Ask with narrower selectors, so that fewer devices are left to the constraints.',
  })
}
