/** Judges whether the bytes that the receiver checked are those that were sent. */
import { bytes, formatBytes } from '../core/units.ts'
import type { ArmRound } from '../measure/arm-round.ts'
import type { Arm, ArmNamed } from './arm.ts'
import type { Expectation } from './expectation.ts'

export const intactStatement = (arm: ArmNamed): string => `${arm.name}: bytes arrive intact`

/** Inconclusive when the receiver did not check every byte and found none changed. */
export async function judgeIntact(arm: Arm): Promise<Expectation> {
  const rounds = await arm.comparison.atLeast(arm.comparison.looks.first)
  const own = arm.of(rounds)
  const corrupt = own.flatMap((round) => corruptions(round))
  const checked = own.reduce((sum, round) => sum + round.outcome.result.verified_bytes, 0)
  const complete = own.every(({ outcome: { result } }) => result.verified_bytes >= result.total_bytes)
  const common = {
    statement: intactStatement(arm),
    limit: 'no byte changed',
    properties: { 'verified.bytes': checked, rounds: rounds.length },
    emulated: arm.emulated,
    ...arm.memoryNote,
  }
  if (corrupt.length > 0) {
    return {
      ...common,
      verdict: 'failed',
      code: 'DATA_CORRUPT',
      reasons: [...new Set(corrupt)],
      measured: `${corrupt.length} streams with changed bytes`,
    }
  }
  const measured = `${formatBytes(bytes(checked))} checked byte by byte`
  if (complete) return { ...common, verdict: 'passed', reasons: [], measured }
  const reasons = ['the receiver did not check every byte of the verification transfer']
  return { ...common, verdict: 'inconclusive', code: 'RESULT_INVALID', reasons, measured }
}

function corruptions({ outcome, streams, round }: ArmRound): string[] {
  return outcome.result.corrupt.map((spot) => {
    const path = streams[spot.stream]?.path ?? spot.nic
    return `${path}: ${spot.bad_bytes} bytes changed, the first at offset ${spot.offset} of ${spot.device} (round ${round + 1}): sent ${spot.expected_hex}, received ${spot.found_hex}`
  })
}
