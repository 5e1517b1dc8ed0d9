/** Judges what crossed the wire: whether every claimed NIC carried its share and no other any, and whether bytes arrived intact. */
import { ClaimcheckError } from '../core/errors.ts'
import { bytes, formatBytes } from '../core/units.ts'
import type { ArmRound } from '../measure/arm-round.ts'
import type { NicLoad } from '../measure/transport-proof.ts'
import type { Arm } from './arm.ts'
import type { Expectation } from './expectation.ts'

export const sharesStatement = (arm: Arm): string =>
  `${arm.name}: every claimed NIC carries its share, no other any`

/** A link that died is this expectation's failure, not the absence of an answer: the NIC did not carry its share. */
export async function judgeShares(arm: Arm): Promise<Expectation> {
  const statement = sharesStatement(arm)
  const limit = '±10 %, others < 1 %'
  const rounds = await arm.comparison.atLeast(arm.comparison.looks.first).catch((error: unknown) => {
    if (error instanceof ClaimcheckError && (error.code === 'LINK_DOWN' || error.code === 'TRANSFER_STALLED'))
      return error
    throw error
  })
  if (rounds instanceof ClaimcheckError) {
    return {
      statement,
      verdict: 'failed',
      code: rounds.code,
      reasons: [rounds.message],
      measured: 'a transfer that could not finish',
      limit,
      properties: {},
      emulated: arm.emulated,
    }
  }
  const own = arm.of(rounds)
  const faults = own.flatMap((round) => round.transport.faults.map((load) => ({ load, round: round.round })))
  const claimed = own.flatMap((round) => round.transport.loads.filter((load) => load.claimed))
  const shares = claimed.map((load) => load.bytes / load.expected)
  const stray = faults.some(({ load }) => !load.claimed)
  return {
    statement,
    verdict: faults.length === 0 ? 'passed' : 'failed',
    ...(faults.length === 0
      ? {}
      : { code: stray ? ('TRANSPORT_FALLBACK' as const) : ('NIC_SHARE' as const) }),
    reasons: [...new Set(faults.map(({ load }) => describe(load)))],
    measured:
      claimed.length === 0 ? 'no NIC' : `${percent(Math.min(...shares))} to ${percent(Math.max(...shares))}`,
    limit,
    properties: { rounds: rounds.length, ...loadProperties(arm.name, own) },
    emulated: arm.emulated,
  }
}

export const intactStatement = (arm: Arm): string => `${arm.name}: bytes arrive intact`

export async function judgeIntact(arm: Arm): Promise<Expectation> {
  const rounds = await arm.comparison.atLeast(arm.comparison.looks.first)
  const own = arm.of(rounds)
  const bad = own.flatMap((round) => corruptions(round))
  const checked = own.reduce((sum, round) => sum + round.outcome.result.verified_bytes, 0)
  const unchecked = own.filter(
    (round) => round.outcome.result.verified_bytes < round.outcome.result.total_bytes,
  )
  const doubt = bad.length === 0 && unchecked.length > 0
  return {
    statement: intactStatement(arm),
    verdict: bad.length > 0 ? 'failed' : doubt ? 'inconclusive' : 'passed',
    ...(bad.length > 0
      ? { code: 'DATA_CORRUPT' as const }
      : doubt
        ? { code: 'RESULT_INVALID' as const }
        : {}),
    reasons: doubt
      ? ['the receiver did not check every byte of the verification transfer']
      : [...new Set(bad)],
    measured:
      bad.length > 0
        ? `${bad.length} streams with changed bytes`
        : `${formatBytes(bytes(checked))} checked byte by byte`,
    limit: 'no byte changed',
    properties: { 'verified.bytes': checked, rounds: rounds.length },
    emulated: arm.emulated,
  }
}

function corruptions({ outcome, streams, round }: ArmRound): string[] {
  return outcome.result.corrupt.map((spot) => {
    const path = streams[spot.stream]?.path ?? spot.nic
    return `${path}: ${spot.bad_bytes} bytes changed, the first at offset ${spot.offset} of ${spot.device} (round ${round + 1}): sent ${spot.expected_hex}, arrived ${spot.found_hex}`
  })
}

function describe(load: NicLoad): string {
  const carried = `${load.direction} ${formatBytes(bytes(load.bytes))}`
  return load.claimed
    ? `${load.nic} ${carried} where its share is ${formatBytes(bytes(Math.round(load.expected)))}`
    : `${load.nic} is not claimed but ${carried}: look at routes and UCX_NET_DEVICES`
}

function loadProperties(arm: string, rounds: readonly ArmRound[]): Record<string, number> {
  const last = rounds.at(-1)
  return Object.fromEntries(
    (last?.transport.loads ?? []).map((load) => [
      `arm.${arm}.nic.${load.nic}.${load.direction}.bytes`,
      load.bytes,
    ]),
  )
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
