/**
 * Compares tests for drift within an arm: how often each reports a drift where there is none, at 5 %, in a run of three
 * rounds.
 */
import { cumulativeStdNormalProbability } from 'simple-statistics'
import { driftInterval } from '../../harness/measure/drift.ts'
import { seededRandom } from '../../harness/rack/seeded-random.ts'
import { NOISES, type NoiseName } from './noise.ts'
import { simulateRun } from './simulated-run.ts'

const TREND_TESTS = {
  'thirds, t over rounds (chosen)': (rounds: readonly (readonly number[])[]): boolean => {
    const { low, high } = driftInterval(rounds, 0.95)
    return low > 1 || high < 1
  },
  'Mann-Kendall, each round at 5 % / 3': (rounds: readonly (readonly number[])[]): boolean =>
    rounds.some((samples) => mannKendall(samples) < 0.05 / rounds.length),
}

/** The two-sided p-value of the Mann-Kendall trend test, by the normal approximation without ties. */
function mannKendall(samples: readonly number[]): number {
  const n = samples.length
  let score = 0
  samples.forEach((a, i) => samples.slice(i + 1).forEach((b) => (score += Math.sign(b - a))))
  const deviation = Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18)
  return 2 * (1 - cumulativeStdNormalProbability(Math.abs(score - Math.sign(score)) / deviation))
}

/** The share of `runs` in which each test reports a drift. */
export function falseAlarms(noise: NoiseName, runs: number): Record<string, number> {
  const draw = seededRandom(13, `trend ${noise}`)
  const counts: Record<string, number> = {}
  for (let run = 0; run < runs; run++) {
    const rounds = simulateRun(NOISES[noise], draw).iterations.slice(0, 3)
    for (const [name, test] of Object.entries(TREND_TESTS))
      counts[name] = (counts[name] ?? 0) + (test(rounds) ? 1 / runs : 0)
  }
  return counts
}
