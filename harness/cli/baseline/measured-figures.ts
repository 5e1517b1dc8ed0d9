/** The figures of a run by comparison, arm, operation and size: the rounds of every node, or of every pair of nodes. */
import type { Rounds } from '../../certificate/evidence-schema.ts'
import { measurementOf } from '../../certificate/planned-measurement.ts'
import { planIn } from '../../certificate/recorded-plan.ts'
import { roundsOf } from '../../certificate/recorded-rounds.ts'
import { ClaimcheckError } from '../../core/errors.ts'
import type { ArmRound } from '../../measure/arm-round.ts'
import { armsOf } from '../../measure/round.ts'
import type { Measurement } from '../../sku/stated-figures.ts'
import type { RecordedFile, RecordedRun } from './recorded-run.ts'

export interface UnitFigures {
  /** Sorted: one node, or a pair. */
  readonly nodes: readonly string[]
  /** GB/s in each round. */
  readonly bandwidth: readonly number[]
  /** Seconds in each round. */
  readonly latency: readonly number[]
  readonly p50Latency: readonly number[]
  /** Why these rounds are no figure of a sound node; undefined: nothing speaks against them. */
  readonly unsound: string | undefined
}

export interface MeasuredFigure extends Measurement {
  readonly units: readonly UnitFigures[]
}

/** Throws BASELINE_REFUSED where two comparisons have one name, or CERTIFICATE_INCOMPLETE for rounds that contradict their plan. */
export function measuredFigures(run: RecordedRun): readonly MeasuredFigure[] {
  const all = run.files.flatMap((file) =>
    Object.entries(file.evidence).flatMap(([name, evidence]) =>
      evidence.kind === 'rounds' ? armsIn(file, name, evidence) : [],
    ),
  )
  return [...Map.groupBy(all, keyOf).values()].map(([first, ...rest]) => {
    if (first === undefined) throw new TypeError('a group without members')
    const { unit: _, ...measurement } = first
    const units = [first, ...rest].map(({ unit }) => unit)
    requireDistinct(measurement, units, run.path)
    return { ...measurement, units }
  })
}

type ArmFigures = Measurement & { readonly unit: UnitFigures }

export const keyOf = ({
  comparison,
  arm,
  op,
  size,
}: Pick<Measurement, 'comparison' | 'arm' | 'op' | 'size'>): string =>
  JSON.stringify([comparison, arm, op, size])

function armsIn(file: RecordedFile, name: string, evidence: Rounds): readonly ArmFigures[] {
  const plan = planIn(evidence)
  const rounds = roundsOf(evidence, {
    sku: { profile: file.sku },
    emulation: file.emulation,
  })
  const byArm = Map.groupBy(
    rounds.flatMap(({ arms }) => armsOf(arms)),
    ({ arm }) => arm,
  )
  return [...byArm].map(([arm, own]) => ({
    ...measurementOf(arm, plan, file.sku),
    unit: unitOf(own, unsoundIn(file, name, arm) ?? failureOf(evidence)),
  }))
}

function unitOf(rounds: readonly ArmRound[], unsound: string | undefined): UnitFigures {
  const [stray] = rounds.flatMap(({ transport }) => transport.faults)
  return {
    nodes: [
      ...new Set(rounds.flatMap(({ outcome }) => [outcome.initiator.node, outcome.target.node])),
    ].sort(),
    bandwidth: rounds.map(({ bandwidth }) => bandwidth),
    latency: rounds.map(({ latency }) => latency.mean),
    p50Latency: rounds.map(({ latency }) => latency.p50),
    unsound: unsound ?? (stray && `${stray.nic} did not carry its share of the bytes`),
  }
}

/** Kinds of assertion that speak of the node itself and not of a limit that the SKU or the suite sets. */
const OF_THE_NODE: ReadonlySet<string> = new Set([
  'intact',
  'equal-shares',
  'even-paths',
  'no-retransmissions',
])

function unsoundIn({ expectations }: RecordedFile, evidence: string, arm: string): string | undefined {
  const failed = expectations.find(
    ({ verdict, basis }) =>
      verdict === 'failed' &&
      basis?.on === evidence &&
      OF_THE_NODE.has(basis.ask.kind) &&
      'arm' in basis.ask &&
      basis.ask.arm === arm,
  )
  return failed === undefined ? undefined : `failed: ${failed.statement}`
}

const failureOf = ({ failure }: Rounds): string | undefined =>
  failure === undefined ? undefined : `its measurement ended with ${failure.code}`

function requireDistinct(
  { comparison, arm }: Measurement,
  units: readonly UnitFigures[],
  path: string,
): void {
  const names = units.map(({ nodes }) => nodes.join(' and '))
  const twice = names.find((name, index) => names.indexOf(name) < index)
  if (twice === undefined) return
  throw new ClaimcheckError('BASELINE_REFUSED', {
    subject: `${path}: ${comparison}, arm ${arm}`,
    problem: `was measured twice on ${twice}: several comparisons have this name`,
    hint: 'Give each comparison a name of its own, since a reference is found by it.',
  })
}
