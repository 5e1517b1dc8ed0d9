/** Judges whether the RDMA NICs had to send packets again, from the counters of their ports. */
import type { ArmRound } from '../measure/arm-round.ts'
import { hasCounters, grownCounters, portsOf } from '../measure/fabric-events.ts'
import type { Arm, ArmNamed } from './arm.ts'
import type { Expectation } from './expectation.ts'

export const retransmissionsStatement = (arm: ArmNamed): string => `${arm.name}: no packet is sent again`

/** Inconclusive where a claimed NIC has no counter of retransmissions, as on an emulated rack. */
export async function judgeRetransmissions(arm: Arm): Promise<Expectation> {
  const rounds = await arm.comparison.atLeast(arm.comparison.looks.first)
  const own = arm.of(rounds)
  const grown = own.flatMap(retransmissionsIn)
  const events = grown.reduce((sum, one) => sum + one.events, 0)
  const common = {
    statement: retransmissionsStatement(arm),
    limit: 'no retransmission',
    measured: `${events} retransmissions`,
    properties: { rounds: rounds.length, [`arm.${arm.name}.retransmissions`]: events },
    emulated: arm.emulated,
    ...arm.memoryNote,
  }
  if (events > 0) {
    return {
      ...common,
      verdict: 'failed',
      code: 'RETRANSMISSIONS',
      reasons: grown.map(
        ({ nic, name, events: count, round }) =>
          `${nic} counted ${count} more of ${name} (round ${round + 1}). Check cables, optics and the fabric's flow control (PFC, ECN) for lost packets.`,
      ),
    }
  }
  const silent = own.flatMap(nicsWithoutCounters)
  if (silent.length === 0) return { ...common, verdict: 'passed', reasons: [] }
  const reasons = [
    `no counter of retransmissions could be read for ${[...new Set(silent)].join(', ')}: their driver has none, or they were not used by RDMA`,
  ]
  const measured = 'no counter'
  return { ...common, measured, verdict: 'inconclusive', code: 'TRANSPORT_UNPROVEN', reasons }
}

const retransmissionsIn = ({ outcome, round }: ArmRound) =>
  portsOf(outcome).flatMap((port) =>
    grownCounters(port, 'retransmission').map((counter) => ({ ...counter, nic: port.nic, round })),
  )

/** Claimed NICs for which no retransmission would have been seen. */
function nicsWithoutCounters({ outcome }: ArmRound): readonly string[] {
  const counted = portsOf(outcome).filter((port) => hasCounters(port, 'retransmission')).length
  const ends = [outcome.initiator, outcome.target]
  const claimed = ends.reduce((sum, { allocated }) => sum + allocated.nics.length, 0)
  if (claimed > 0 && counted >= claimed) return []
  const names = new Set(
    portsOf(outcome).flatMap((port) => (hasCounters(port, 'retransmission') ? port.nic : [])),
  )
  const all = ends.flatMap(({ node, allocated }) =>
    allocated.nics.map((nic) => `${node}/${nic.rdmaDevice ?? nic.name}`),
  )
  const missing = all.filter((name) => !names.has(name))
  return missing.length === 0 ? ['any NIC'] : missing
}
