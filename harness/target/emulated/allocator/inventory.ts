/**
 * The devices of one node, and which of them a request may have. Takes complete pools of the newest generation, in
 * slice order; remembers what a selector said of a device, so that a search asks once.
 */
import type { Selector } from '../../../claim/cel/selector.ts'
import type { ResourceSlice } from '../../../claim/dra.ts'
import { devicesOn, poolsOf, type PooledDevice } from '../../../claim/pools.ts'
import { ClaimcheckError } from '../../../core/errors.ts'
import type { Alternative } from './request.ts'

export interface DeviceInUse {
  readonly driver: string
  readonly pool: string
  readonly device: string
  /** Who has it, as a person names it: `claim aligned-target of pod target`. */
  readonly holder: string
}

export class Inventory {
  readonly node: string
  readonly devices: readonly PooledDevice[]
  /** Names of pools that are not all there; their devices do not count. */
  readonly incomplete: readonly string[]
  readonly #holders: ReadonlyMap<string, string>
  readonly #answers = new Map<Alternative, Map<PooledDevice, boolean>>()

  /** Throws SLICE_INVALID where a pool has a device twice. */
  constructor(node: string, slices: readonly ResourceSlice[], allocated: readonly DeviceInUse[]) {
    const pools = poolsOf(slices).map((pool) => ({ pool, devices: devicesOn(node, pool) }))
    this.node = node
    this.devices = pools.flatMap(({ pool, devices }) => (pool.complete ? devices : []))
    this.incomplete = pools
      .filter(({ pool, devices }) => !pool.complete && devices.length > 0)
      .map(({ pool }) => `${pool.name} of ${pool.driver}`)
    this.#holders = new Map(
      allocated.map((held) => [keyOf(held.driver, held.pool, held.device), held.holder]),
    )
    refuseDuplicates(this.devices)
  }

  holderOf({ driver, pool, device }: PooledDevice): string | undefined {
    return this.#holders.get(keyOf(driver, pool, device.name))
  }

  /** Whether class and request select the device. Throws CEL_RUNTIME, as Kubernetes fails the claim then. */
  selects(alternative: Alternative, device: PooledDevice): boolean {
    const answers = this.#answers.get(alternative) ?? new Map<PooledDevice, boolean>()
    this.#answers.set(alternative, answers)
    const known = answers.get(device)
    if (known !== undefined) return known
    const answer = [...alternative.classSelectors, ...alternative.selectors].every((selector) =>
      ask(selector, device, this.node),
    )
    answers.set(device, answer)
    return answer
  }
}

/** Like `selector.matches`, with the node in the error. */
export function ask(selector: Selector, { device, driver }: PooledDevice, node: string): boolean {
  try {
    return selector.matches(device, driver)
  } catch (error) {
    if (!(error instanceof ClaimcheckError)) throw error
    throw new ClaimcheckError(error.code, {
      subject: `node ${node}:`,
      problem: error.message,
      details: { ...error.details, node },
      cause: error,
    })
  }
}

function refuseDuplicates(devices: readonly PooledDevice[]): void {
  const seen = new Set<string>()
  for (const { driver, pool, device } of devices) {
    const key = keyOf(driver, pool, device.name)
    if (seen.has(key)) {
      throw new ClaimcheckError('SLICE_INVALID', {
        subject: `pool ${pool} of ${driver}`,
        problem: `has the device ${device.name} twice`,
        hint: 'A pool with a device twice must not be allocated from; look at the slices of this generation.',
      })
    }
    seen.add(key)
  }
}

const keyOf = (driver: string, pool: string, device: string): string => `${driver}/${pool}/${device}`
