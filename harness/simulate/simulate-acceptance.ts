/**
 * Simulates one acceptance: every test of the suites on an emulated rack with known faults, in virtual time. Expectations are
 * evaluated by the code that evaluates them on hardware.
 */
import { asClaimcheckError } from '../core/errors.ts'
import { Journal } from '../core/journal.ts'
import { Arm } from '../expect/arm.ts'
import { inconclusiveExpectation, type Expectation, type Verdict } from '../expect/expectation.ts'
import { PodSet } from '../transfer/pod-set.ts'
import { LivePublishedDevices } from '../expect/published-devices.ts'
import { createComparison, type ComparisonDeclaration } from '../expect/declarations.ts'
import { matchersByName } from '../expect/matcher-definitions.ts'
import type { NodeComparison } from '../measure/node-comparison.ts'
import type { Rack } from '../rack/rack.ts'
import { EmulatedTarget } from '../targets/emulated/emulated-target.ts'
import { ModelRuntime } from '../targets/emulated/model/model-runtime.ts'
import type { CollectedTest } from './collecting-suite.ts'

interface EvaluatedTest {
  /** `suite > title`. */
  readonly name: string
  readonly title: string
  readonly verdict: Verdict
  readonly expectations: readonly Expectation[]
}

export interface Acceptance {
  /** The worst verdict of all tests; a gate accepts only `passed`. */
  readonly verdict: Verdict
  readonly tests: readonly EvaluatedTest[]
  /** Measured over all comparisons. */
  readonly rounds: number
}

export async function simulateAcceptance(
  tests: readonly CollectedTest[],
  rack: Rack,
  firstRounds: number,
): Promise<Acceptance> {
  const target = new EmulatedTarget({
    rack,
    runtime: new ModelRuntime(rack),
    kind: 'model',
    journal: new Journal(),
  })
  const comparisons = new Map<ComparisonDeclaration, NodeComparison>()
  const comparisonFor = (spec: ComparisonDeclaration): NodeComparison => {
    const known = comparisons.get(spec)
    if (known !== undefined) return known
    const made = createComparison(spec, firstRounds, { target, sku: rack.sku, journal: new Journal() })
    comparisons.set(spec, made)
    return made
  }
  const evaluated: EvaluatedTest[] = []
  try {
    for (const test of tests.filter(({ links }) => links === undefined))
      evaluated.push(await evaluateTest(test, target, rack, comparisonFor))
  } finally {
    await target.close()
  }
  const rounds = [...comparisons.values()].reduce((sum, comparison) => sum + comparison.rounds.length, 0)
  return { verdict: worst(evaluated.map(({ verdict }) => verdict)), tests: evaluated, rounds }
}

async function evaluateTest(
  test: CollectedTest,
  target: EmulatedTarget,
  rack: Rack,
  comparisonFor: (spec: ComparisonDeclaration) => NodeComparison,
): Promise<EvaluatedTest> {
  const expectations: Expectation[] = []
  const pods = test.pods && new PodSet({ target, sku: rack.sku, ...test.pods })
  const comparison = test.arms && comparisonFor(test.arms)
  const fixtures = {
    sku: rack.sku,
    published: new LivePublishedDevices(target),
    expect: expectInto(expectations),
    ...(pods === undefined ? {} : { pods }),
    ...(comparison === undefined
      ? {}
      : { aligned: new Arm(comparison, 'aligned'), unaligned: new Arm(comparison, 'unaligned') }),
  }
  try {
    await test.body(fixtures)
  } finally {
    await pods?.close()
  }
  return {
    name: [...test.suite, test.name].join(' > '),
    title: test.name,
    verdict: test.gates ? worst(expectations.map(({ verdict }) => verdict)) : 'passed',
    expectations,
  }
}

/** `expect(received)` with the suite's matchers; an assertion that cannot be judged is inconclusive, as in a real run. */
function expectInto(expectations: Expectation[]) {
  return (received: unknown): Record<string, (...args: readonly unknown[]) => Promise<void>> =>
    Object.fromEntries(
      Object.entries(matchersByName).map(([name, bind]) => [
        name,
        async (...args: readonly unknown[]): Promise<void> => {
          const { statement, judge: evaluate } = bind(received, ...args).evaluation
          try {
            expectations.push(...(await evaluate()))
          } catch (error) {
            expectations.push(
              inconclusiveExpectation(statement, 'see the suite', asClaimcheckError(error), true),
            )
          }
        },
      ]),
    )
}

const ORDER: readonly Verdict[] = ['passed', 'inconclusive', 'failed']
const worst = (verdicts: readonly Verdict[]): Verdict =>
  verdicts.reduce<Verdict>(
    (bad, verdict) => (ORDER.indexOf(verdict) > ORDER.indexOf(bad) ? verdict : bad),
    'passed',
  )
