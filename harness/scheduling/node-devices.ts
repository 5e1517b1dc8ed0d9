/**
 * The devices of one node, and which of them a request selects. The result of each selector for each device is cached, so
 * that a search evaluates it once.
 */
import type { Selector } from '../dra/cel/selector.ts'
import type { ResourceSlice } from '../dra/objects.ts'
import type { PooledDevice } from '../dra/resource-pools.ts'
import { ClaimcheckError } from '../core/errors.ts'
import { nodePools } from './node-pools.ts'
import type { Alternative } from './device-request.ts'

export interface DeviceInUse {
  readonly driver: string
  readonly pool: string
  readonly device: string
  /** The user of the device, for messages: `claim aligned-target of pod target`. */
  readonly holder: string
}

export class NodeDevices {
  readonly node: string
  /** In the order in which they are tried. */
  readonly devices: readonly PooledDevice[]
  /** The reasons why pools are ignored, one clause each. */
  readonly faults: readonly string[]
  readonly #holders: ReadonlyMap<string, string>
  readonly #answers = new Map<Alternative, Map<PooledDevice, boolean | ClaimcheckError>>()

  constructor(node: string, slices: readonly ResourceSlice[], allocated: readonly DeviceInUse[]) {
    const pools = nodePools(node, slices)
    this.node = node
    this.devices = pools.flatMap(({ devices }) => devices)
    this.faults = pools.flatMap(({ driver, name, fault }) =>
      fault === undefined ? [] : [`pool ${name} of ${driver} ${fault} and is ignored`],
    )
    this.#holders = new Map(
      allocated.map((held) => [keyOf(held.driver, held.pool, held.device), held.holder]),
    )
  }

  holderOf({ driver, pool, device }: PooledDevice): string | undefined {
    return this.#holders.get(keyOf(driver, pool, device.name))
  }

  /** Whether DeviceClass and request select the device. Throws CEL_RUNTIME, on which Kubernetes fails the claim. */
  selects(alternative: Alternative, device: PooledDevice): boolean {
    const answer = this.#answer(alternative, device)
    if (answer instanceof ClaimcheckError) throw answer
    return answer
  }

  /** Whether `selects` throws for no device of the node. */
  isSafe(alternative: Alternative): boolean {
    return !this.devices.some((device) => this.#answer(alternative, device) instanceof ClaimcheckError)
  }

  #answer(alternative: Alternative, device: PooledDevice): boolean | ClaimcheckError {
    const answers = this.#answers.get(alternative) ?? new Map<PooledDevice, boolean | ClaimcheckError>()
    this.#answers.set(alternative, answers)
    const answer = answers.get(device) ?? evaluate(alternative, device, this.node)
    answers.set(device, answer)
    return answer
  }
}

/** If a selector fails, returns the error with the node added. */
function evaluate(
  { classSelectors, selectors }: Alternative,
  { device, driver }: PooledDevice,
  node: string,
): boolean | ClaimcheckError {
  try {
    return [...classSelectors, ...selectors].every((selector: Selector) => selector.matches(device, driver))
  } catch (error) {
    if (!(error instanceof ClaimcheckError)) throw error
    return new ClaimcheckError(error.code, {
      subject: `node ${node}:`,
      problem: error.message,
      details: { ...error.details, node },
      cause: error,
    })
  }
}

const keyOf = (driver: string, pool: string, device: string): string => `${driver}/${pool}/${device}`
