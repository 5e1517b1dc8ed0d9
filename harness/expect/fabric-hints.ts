/** Hints from what the RDMA ports report: retransmissions, errors, congestion, and a low MTU. */
import type { ArmRound } from '../measure/arm-round.ts'
import { grownCounters, portsOf } from '../measure/fabric-events.ts'

/** The largest MTU of RDMA, in bytes of payload. */
const LARGEST_MTU = 4096

const ADVICE = {
  retransmission: "Packets were lost or late: check cables, optics and the fabric's flow control (PFC, ECN)",
  error: 'Check the port, its cable and the peer',
  congestion: 'The fabric slowed the senders down: check for other load and for ECN thresholds',
} as const

export const fabricHints = (rounds: readonly ArmRound[]): string[] => [
  ...eventHints(rounds),
  ...mtuHints(rounds),
]

function eventHints(rounds: readonly ArmRound[]): string[] {
  return (['retransmission', 'error', 'congestion'] as const).flatMap((kind) => {
    const sums = new Map<string, number>()
    for (const { outcome } of rounds)
      for (const port of portsOf(outcome))
        for (const { name, events } of grownCounters(port, kind)) {
          const key = `${port.nic} ${name}`
          sums.set(key, (sums.get(key) ?? 0) + events)
        }
    if (sums.size === 0) return []
    const counted = [...sums].map(([counter, events]) => `${counter} +${events}`).join(', ')
    return [`${rounds[0]?.arm} has ${kind} counters that grew: ${counted}. ${ADVICE[kind]}.`]
  })
}

/** Names ports below the largest MTU; for InfiniBand the kernel states none. */
function mtuHints(rounds: readonly ArmRound[]): string[] {
  const low = new Map<string, number>()
  for (const { outcome } of rounds)
    for (const { nic, port } of portsOf(outcome))
      if (port.rdma_mtu !== null && port.rdma_mtu < LARGEST_MTU) low.set(nic, port.rdma_mtu)
  if (low.size === 0) return []
  const found = [...low].map(([nic, mtu]) => `${nic} ${mtu}`).join(', ')
  return [
    `The RDMA MTU is below ${LARGEST_MTU} bytes: ${found}. Set the MTU of the interfaces on both nodes and the switches to at least 4200, e.g. 9000.`,
  ]
}
