/** Simulates acceptances of a rack with one fault, one per seed, and records which tests did not pass. */
import { withFaults } from '../../harness/rack/fault-catalogue.ts'
import type { Rack } from '../../harness/rack/rack.ts'
import { failureText, type Verdict } from '../../harness/expect/expectation.ts'
import { simulateAcceptance, type Acceptance } from '../../harness/simulate/simulate-acceptance.ts'
import type { CollectedTest } from '../../harness/simulate/collecting-suite.ts'
import { anywhere, withNodes } from './fault-anywhere.ts'
import type { FaultJob, Group } from './jobs.ts'

interface RedTest {
  readonly test: string
  readonly verdict: 'failed' | 'inconclusive'
  readonly code: string
}

export interface SeedOutcome {
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
  readonly group: Group
  /** Of the rack, or of the rack that a baseline was measured on. */
  readonly nodes: number
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

export async function measureFault(
  { suites, rack, firstRounds }: Measurement,
  { group, nodes, name, faults, seeds }: FaultJob,
): Promise<FaultOutcome> {
  const outcomes: SeedOutcome[] = []
  const racked = nodes === rack.nodes.length ? rack : withNodes(rack, nodes)
  for (const seed of seeds) {
    const placed = group === 'anywhere' ? faults.map((fault) => anywhere(fault, racked, seed)) : faults
    const faulty = withFaults(racked, { faults: placed }, seed)
    outcomes.push(outcomeOf(seed, await simulateAcceptance(suites, faulty, firstRounds)))
  }
  return { group, nodes, name, seeds: outcomes }
}

export function outcomeOf(seed: number, { verdict, rounds, tests }: Acceptance): SeedOutcome {
  const red = new Map<string, RedTest>()
  const messages: string[] = []
  for (const { title: test, verdict: own, expectations } of tests) {
    for (const one of expectations.filter((expectation) => expectation.verdict !== 'passed')) {
      messages.push(failureText(one))
      if (own === 'passed' || own === 'skipped' || one.code === undefined) continue
      red.set(`${test} ${own} ${one.code}`, { test, verdict: own, code: one.code })
    }
  }
  return {
    seed,
    verdict,
    rounds,
    notPassed: tests.flatMap((one) => (one.verdict === 'passed' ? [] : one.name)),
    red: [...red.values()],
    text: messages.join('\n'),
  }
}
