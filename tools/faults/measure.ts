/** Simulates acceptances of a rack with one fault, one per seed, and records which tests did not pass. */
import { withFaults, type FaultDeclaration } from '../../harness/rack/fault-catalogue.ts'
import type { Rack } from '../../harness/rack/rack.ts'
import { failureText, type Verdict } from '../../harness/expect/expectation.ts'
import { simulateAcceptance } from '../../harness/simulate/simulate-acceptance.ts'
import type { CollectedTest } from '../../harness/simulate/collecting-suite.ts'

interface RedTest {
  readonly test: string
  readonly verdict: 'failed' | 'inconclusive'
  readonly code: string
}

interface SeedOutcome {
  readonly seed: number
  /** The verdict of the whole acceptance. */
  readonly verdict: Verdict
  /** Rounds over all comparisons. */
  readonly rounds: number
  /** `suite > test` of every test that did not pass, in the order of the suites. */
  readonly notPassed: readonly string[]
  /** Without duplicates; tests of the same name in several suites count once. */
  readonly red: readonly RedTest[]
  /** The messages of every expectation that was not met. */
  readonly text: string
}

export interface FaultOutcome {
  /** Of the fault. */
  readonly name: string
  readonly seeds: readonly SeedOutcome[]
}

export interface Measurement {
  readonly suites: readonly CollectedTest[]
  readonly rack: Rack
  /** Rounds before the first look. */
  readonly firstRounds: number
}

/** A fault, or a rack without any, and the seeds to simulate it with. */
export interface MeasureJob extends Pick<FaultDeclaration, 'name' | 'faults'> {
  readonly seeds: readonly number[]
}

export async function measureFault(
  { suites, rack, firstRounds }: Measurement,
  { seeds, ...fault }: MeasureJob,
): Promise<FaultOutcome> {
  const outcomes: SeedOutcome[] = []
  for (const seed of seeds) {
    const { verdict, rounds, tests } = await simulateAcceptance(
      suites,
      withFaults(rack, fault, seed),
      firstRounds,
    )
    const red = new Map<string, RedTest>()
    const messages: string[] = []
    for (const { title: test, verdict: own, expectations } of tests) {
      for (const one of expectations.filter((expectation) => expectation.verdict !== 'passed')) {
        messages.push(failureText(one))
        if (own === 'passed' || own === 'skipped' || one.code === undefined) continue
        red.set(`${test} ${own} ${one.code}`, { test, verdict: own, code: one.code })
      }
    }
    outcomes.push({
      seed,
      verdict,
      rounds,
      notPassed: tests.flatMap((one) => (one.verdict === 'passed' ? [] : one.name)),
      red: [...red.values()],
      text: messages.join('\n'),
    })
  }
  return { name: fault.name, seeds: outcomes }
}
