/**
 * Simulates one acceptance: every test of the suites on an emulated rack with known faults, in virtual time. Expectations are
 * evaluated by the code that evaluates them on hardware.
 */
import { asClaimcheckError } from '../core/errors.ts'
import { Journal } from '../core/journal.ts'
import { declaredArms } from '../expect/arm.ts'
import { inconclusiveExpectation, type Expectation, type Verdict } from '../expect/expectation.ts'
import type { Evaluation } from '../expect/evaluate.ts'
import { LivePublishedDevices } from '../expect/published-devices.ts'
import { createComparison, createPodSet, type CheckedComparison } from '../expect/declarations.ts'
import {
  unmetComparisonRequirement,
  unmetGpuRequirement,
  unmetPathsRequirement,
  unmetPodRequirement,
} from '../expect/requirements.ts'
import { numaReferencesOf } from '../expect/stated-reference.ts'
import { NotApplicableError } from '../expect/not-applicable-error.ts'
import { matchersByName } from '../expect/matcher-definitions.ts'
import type { Comparison, ComparisonPart } from '../measure/comparison.ts'
import type { Sku } from '../sku/sku.ts'
import type { Rack } from '../rack/rack.ts'
import { EmulatedTarget } from '../targets/emulated/emulated-target.ts'
import { ModelRuntime } from '../targets/emulated/model/model-runtime.ts'
import type { PodSet } from '../transfer/pod-set.ts'
import type { CollectedTest } from './collecting-suite.ts'

type TestVerdict = Verdict | 'skipped'

interface EvaluatedTest {
  /** `suite > title`. */
  readonly name: string
  readonly title: string
  /** `skipped` where the shape of the SKU does not have what the test needs. */
  readonly verdict: TestVerdict
  readonly expectations: readonly Expectation[]
}

export interface Acceptance {
  /** The worst verdict of all tests that were not skipped; a gate accepts only `passed`. */
  readonly verdict: Verdict
  readonly tests: readonly EvaluatedTest[]
  /** The measured parts of all comparisons, for their rounds. */
  readonly parts: readonly ComparisonPart[]
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
  const comparisons = new Map<CheckedComparison, Comparison>()
  const comparisonFor = (spec: CheckedComparison): Comparison => {
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
  const all = await Promise.all([...comparisons.values()].map((comparison) => comparison.parts()))
  const parts = all.flat()
  const rounds = parts.reduce((sum, part) => sum + part.rounds.length, 0)
  return { verdict: worst(evaluated.map(({ verdict }) => verdict)), tests: evaluated, parts, rounds }
}

async function evaluateTest(
  test: CollectedTest,
  target: EmulatedTarget,
  rack: Rack,
  comparisonFor: (spec: CheckedComparison) => Comparison,
): Promise<EvaluatedTest> {
  const { sku } = rack
  const expectations: Expectation[] = []
  const named = { name: [...test.suite, test.name].join(' > '), title: test.name, expectations }
  const unmet =
    (test.pods && unmetPodRequirement(target, sku, test.pods)) ??
    (test.arms && unmetComparisonRequirement(sku, test.arms))
  if (unmet !== undefined) return { ...named, verdict: 'skipped' }
  const pods = test.pods && createPodSet(test.pods, { target, sku })
  const fixtures = {
    sku,
    published: new LivePublishedDevices(target),
    expect: expectInto(expectations),
  }
  if (pods !== undefined) addPods(fixtures, pods)
  if (test.arms !== undefined) addArms(fixtures, test.arms, comparisonFor(test.arms))
  try {
    await test.body(fixtures)
  } catch (error) {
    if (error instanceof UnmetRequirement || error instanceof NotApplicableError)
      return { ...named, verdict: 'skipped' }
    throw error
  } finally {
    await pods?.close()
  }
  return {
    ...named,
    verdict: test.gates ? worst(expectations.map(({ verdict }) => verdict)) : 'passed',
  }
}

/** Ends a test that asks for a fixture which the SKU cannot fill. */
class UnmetRequirement extends Error {}

const required = <T>(unmet: string | undefined, value: T): T => {
  if (unmet !== undefined) throw new UnmetRequirement(unmet)
  return value
}

/** The fixtures of `podTest`. */
function addPods(fixtures: { readonly sku: Sku }, pods: PodSet): void {
  Object.defineProperties(fixtures, {
    pods: { value: pods },
    gpuPods: { get: () => required(unmetGpuRequirement(fixtures.sku), pods) },
  })
}

/** The fixtures of `comparisonTest`. Those with a requirement check it when a test reads them. */
function addArms(
  fixtures: { readonly sku: Sku },
  declaration: CheckedComparison,
  comparison: Comparison,
): void {
  const arms = declaredArms(comparison, declaration.arms)
  Object.assign(fixtures, { arms })
  Object.defineProperties(fixtures, {
    reference: { get: () => numaReferencesOf(fixtures.sku, declaration) },
    paths: { get: () => required(unmetPathsRequirement(declaration), arms) },
  })
}

/** `expect(received)` with the suite's matchers; an assertion that cannot be judged is inconclusive, as in a real run. */
function expectInto(expectations: Expectation[]) {
  return (received: unknown): Record<string, (...args: readonly unknown[]) => Promise<void>> =>
    Object.fromEntries(
      Object.entries(matchersByName).map(([name, bind]) => [
        name,
        async (...args: readonly unknown[]): Promise<void> => {
          for (const { evaluation } of await bind(received, ...args).parts())
            expectations.push(...(await judged(evaluation)))
        },
      ]),
    )
}

async function judged({ statement, judge }: Evaluation): Promise<readonly Expectation[]> {
  try {
    return await judge()
  } catch (error) {
    if (error instanceof NotApplicableError) throw error
    return [inconclusiveExpectation(statement, 'see the suite', asClaimcheckError(error), true)]
  }
}

const ORDER: readonly Verdict[] = ['passed', 'inconclusive', 'failed']
/** Skipped tests do not count; where all are skipped, nothing was measured. */
const worst = (verdicts: readonly TestVerdict[]): Verdict =>
  verdicts.length > 0 && verdicts.every((verdict) => verdict === 'skipped')
    ? 'inconclusive'
    : (ORDER.findLast((verdict) => verdicts.includes(verdict)) ?? 'passed')
