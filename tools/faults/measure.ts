/**
 * What the suites make of each declared fault in the model runtime, over seeds. Takes declarations, a rack and seeds;
 * gives for each fault the red tests of every seed. Never writes.
 */
import { withFaults, type FaultDeclaration } from '../../harness/rack/catalogue.ts'
import type { Rack } from '../../harness/rack/rack.ts'
import { accept } from './acceptance.ts'
import type { SuiteFile } from './suites.ts'

export interface RedTest {
  readonly test: string
  readonly verdict: 'failed' | 'inconclusive'
  readonly code: string
}

export interface SeedOutcome {
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
  readonly suites: readonly SuiteFile[]
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
    const tests = await accept(suites, withFaults(rack, fault, seed), rounds)
    const red = new Map<string, RedTest>()
    for (const { name, verdict, codes } of tests) {
      if (verdict === 'passed' || verdict === 'skipped') continue
      for (const code of codes) red.set(`${name} ${verdict} ${code}`, { test: name, verdict, code })
    }
    outcomes.push({ seed, red: [...red.values()], text: tests.map(({ text }) => text).join('\n') })
  }
  return { name: fault.name, seeds: outcomes }
}
