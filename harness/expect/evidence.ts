/** All that the verdicts of a comparison rest on, as JSON for `results.json`. */
import type { Comparison } from '../measure/comparison.ts'

export function comparisonEvidence(comparison: Comparison): Readonly<Record<string, unknown>> {
  const { plan, looks, target } = comparison
  return {
    plan,
    looks,
    emulation: target.emulation ?? null,
    rounds: comparison.rounds.map(({ index, ...arms }) => ({ round: index + 1, ...arms })),
  }
}
