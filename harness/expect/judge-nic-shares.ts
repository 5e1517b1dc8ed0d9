/** Judges which interfaces carried the bytes: each claimed NIC its share, and no other interface more than a trace. */
import { ClaimcheckError, type ErrorCode } from '../core/errors.ts'
import { bytes, formatBytes } from '../core/units.ts'
import type { ArmRound } from '../measure/arm-round.ts'
import { NIC_SHARE_TOLERANCE, UNCLAIMED_SHARE_LIMIT } from '../measure/default-limits.ts'
import type { Round } from '../measure/round.ts'
import type { NicLoad } from '../measure/transport-proof.ts'
import type { Arm, ArmNamed } from './arm.ts'
import type { Expectation } from './expectation.ts'

const LIMIT = `±${NIC_SHARE_TOLERANCE * 100} %, others < ${UNCLAIMED_SHARE_LIMIT * 100} %`

export const sharesStatement = (arm: ArmNamed): string =>
  `${arm.name}: every claimed NIC carries its share, no other any`

/** A link that went down fails the expectation rather than leaving it undecided: its NIC did not carry its share. */
export async function judgeShares(arm: Arm): Promise<Expectation> {
  const common = { statement: sharesStatement(arm), limit: LIMIT, emulated: arm.emulated, ...arm.memoryNote }
  const rounds = await roundsOrLinkFailure(arm)
  if (rounds instanceof ClaimcheckError) {
    return {
      ...common,
      verdict: 'failed',
      code: rounds.code,
      reasons: [rounds.message],
      measured: 'a transfer that could not finish',
      properties: {},
    }
  }
  const own = arm.of(rounds)
  const faults = own.flatMap((round) => round.transport.faults)
  const shares = own
    .flatMap((round) => round.transport.loads.filter((load) => load.claimed))
    .map((load) => load.bytes / load.expected)
  const unclaimed = faults.some((load) => !load.claimed)
  const uncounted = [...new Set(own.flatMap((round) => round.transport.uncounted ?? []))]
  if (faults.length === 0 && uncounted.length > 0) {
    return {
      ...common,
      verdict: 'inconclusive',
      code: 'TRANSPORT_UNPROVEN',
      reasons: [
        `no counter of RDMA bytes can be read in the pods for ${uncounted.join(', ')}. Set the nodes' RDMA subsystem to the exclusive network namespace mode (rdma system set netns exclusive), or CLAIMCHECK_HOST_SYS=mount; docs/transport.md lists all ways.`,
      ],
      measured: `${uncounted.length} NICs without a counter`,
      properties: { rounds: rounds.length, ...loadProperties(arm.name, own) },
    }
  }
  return {
    ...common,
    verdict: faults.length === 0 ? 'passed' : 'failed',
    ...(faults.length === 0
      ? {}
      : { code: unclaimed ? ('TRANSPORT_FALLBACK' as const) : ('NIC_SHARE' as const) }),
    reasons: [...new Set(faults.map(describeFault))],
    measured:
      shares.length === 0 ? 'no NIC' : `${percent(Math.min(...shares))} to ${percent(Math.max(...shares))}`,
    properties: { rounds: rounds.length, ...loadProperties(arm.name, own) },
  }
}

const LINK_FAILURES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'LINK_DOWN',
  'TRANSFER_STALLED',
  'CONNECTION_BROKEN',
])

async function roundsOrLinkFailure(arm: Arm): Promise<readonly Round[] | ClaimcheckError> {
  try {
    return await arm.comparison.atLeast(arm.comparison.looks.first)
  } catch (error) {
    const isLinkFailure = error instanceof ClaimcheckError && LINK_FAILURES.has(error.code)
    if (isLinkFailure) return error
    throw error
  }
}

function describeFault(load: NicLoad): string {
  const carried = `${load.direction} ${formatBytes(bytes(load.bytes))}`
  return load.claimed
    ? `${load.nic} ${carried}; its share is ${formatBytes(bytes(Math.round(load.expected)))}`
    : `${load.nic} is not claimed but ${carried}: check routes and UCX_NET_DEVICES`
}

function loadProperties(arm: string, rounds: readonly ArmRound[]): Record<string, number | string> {
  const last = rounds.at(-1)
  return Object.fromEntries(
    (last?.transport.loads ?? []).flatMap(({ nic, direction, bytes: carried, source }) => [
      [`arm.${arm}.nic.${nic}.${direction}.bytes`, carried] as const,
      ...(source === undefined ? [] : [[`arm.${arm}.nic.${nic}.source`, source] as const]),
    ]),
  )
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
