/**
 * The network of an emulated pod as the node agent makes it: interfaces with their rates and faults, and routes. Every rate and
 * every count of bytes is divided by the rack's scale.
 */
import { gigabytesPerSecond } from '../../../core/units.ts'
import type { NicPlan, PodPlan } from '../../../emulation/pod-plan.ts'
import { FABRIC, railAddress } from '../../../emulation/rail-addresses.ts'
import { tokenBucketFor, type TokenBucket } from '../../../emulation/token-bucket.ts'
import { statedMtu } from '../../../rack/link-model.ts'
import type { Rack } from '../../../rack/rack.ts'
import { seededRandom } from '../../../rack/seeded-random.ts'

interface AgentNic {
  readonly name: string
  readonly rail: number
  readonly address: string
  readonly mac: string
  readonly mtu: number
  readonly tx: TokenBucket
  readonly rx: TokenBucket
  readonly wire?: Readonly<Record<string, number>>
}

export function agentNic(rack: Rack, pod: PodPlan, plan: NicPlan): AgentNic {
  const scaled = (every: number): number => Math.ceil(every / rack.scale)
  const wire = {
    ...(plan.corruptEveryBytes === undefined ? {} : { corrupt_every_bytes: scaled(plan.corruptEveryBytes) }),
    ...(plan.cutAfterBytes === undefined ? {} : { cut_after_bytes: scaled(plan.cutAfterBytes) }),
    // The share of lost packets does not depend on the scale.
    ...(plan.lost === undefined ? {} : { lose_every_bytes: Math.ceil(plan.mtu / plan.lost) }),
  }
  const [first] = plan.rateSchedule ?? []
  const shaping = nicShape(rack, pod, plan, first?.fraction ?? 1)
  return {
    name: interfaceOf(plan),
    rail: plan.rail,
    address: plan.address,
    mac: plan.mac,
    mtu: plan.mtu,
    tx: shaping,
    rx: shaping,
    ...(Object.keys(wire).length === 0 ? {} : { wire }),
  }
}

/** The NIC's rate in this pod, jitter included, times `fraction`. */
export function nicShape(rack: Rack, pod: PodPlan, { nic, rate }: NicPlan, fraction: number): TokenBucket {
  const { scale, seed, links, sku } = rack
  const jitter = 1 + links.nic.jitter * seededRandom(seed, `${pod.name}/${nic.name}`).normal()
  return tokenBucketFor(gigabytesPerSecond((rate / scale) * jitter * fraction), statedMtu(sku, nic))
}

export const interfaceOf = ({ nic }: NicPlan): string => nic.ifName ?? nic.name

/** Misrouted traffic: all of it through eth0, or that of one rail through another NIC. */
export function routesOf({ fallsBack, nics }: PodPlan): { readonly to: string; readonly dev: string }[] {
  if (fallsBack) return [{ to: FABRIC, dev: 'eth0' }]
  return nics.flatMap(({ rail, leavesBy }) =>
    leavesBy === undefined
      ? []
      : [{ to: railAddress(0, rail).subnet, dev: leavesBy.ifName ?? leavesBy.name }],
  )
}
