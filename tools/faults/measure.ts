/**
 * What the suites make of each declared fault in the model runtime, over seeds. Takes declarations, a rack and seeds;
 * gives for each fault the red tests of every seed. Never writes.
 */
import { withFaults, type FaultDeclaration } from '../../harness/rack/fault-catalogue.ts'
import type { Rack } from '../../harness/rack/rack.ts'
import { failureText } from '../../harness/expect/expectation.ts'
import { simulateAcceptance } from '../../harness/simulate/simulate-acceptance.ts'
import type { CollectedTest } from '../../harness/simulate/collecting-suite.ts'

interface RedTest {
  readonly test: string
  readonly verdict: 'failed' | 'inconclusive'
  readonly code: string
}

interface SeedOutcome {
  readonly seed: number
  /** Without doubles; of tests with one name in several suites, one. */
  readonly red: readonly RedTest[]
  /** All that was said about them. */
  readonly text: string
}

export interface FaultOutcome {
  readonly name: string
  readonly seeds: readonly SeedOutcome[]
}

export interface Measurement {
  readonly suites: readonly CollectedTest[]
  readonly rack: Rack
  /** Before the first look. */
  readonly rounds: number
  readonly seeds: readonly number[]
}

export async function measureFault(
  { suites, rack, rounds, seeds }: Measurement,
  fault: Pick<FaultDeclaration, 'name' | 'faults'>,
): Promise<FaultOutcome> {
  const outcomes: SeedOutcome[] = []
  for (const seed of seeds) {
    const { tests } = await simulateAcceptance(suites, withFaults(rack, fault, seed), rounds)
    const red = new Map<string, RedTest>()
    const told: string[] = []
    for (const { title: test, verdict, expectations } of tests) {
      for (const one of expectations.filter((expectation) => expectation.verdict !== 'passed')) {
        told.push(failureText(one))
        if (verdict === 'passed' || one.code === undefined) continue
        red.set(`${test} ${verdict} ${one.code}`, { test, verdict, code: one.code })
      }
    }
    outcomes.push({ seed, red: [...red.values()], text: told.join('\n') })
  }
  return { name: fault.name, seeds: outcomes }
}
