/**
 * Evaluates one assertion in a Vitest test and records every expectation, its evidence and progress for the reporter. A failed
 * expectation fails the matcher. One that cannot be judged is thrown, so that the test stays red under `.not` too.
 */
import { inject, type MatcherState, type RunnerTestCase } from 'vitest'
import { asClaimcheckError } from '../core/errors.ts'
import { replayInfoSchema, type ReplayInfo } from '../expect/assertion-spec.ts'
import type { BoundAssertion } from '../expect/bound-assertion.ts'
import { failureText, inconclusiveExpectation, negated, type Expectation } from '../expect/expectation.ts'
import { applyWaiver, isGating, type WaiverContext } from '../expect/waiver.ts'
import { JudgedError } from './judged-error.ts'
import {
  evidenceName,
  recordEvidence,
  recordExpectation,
  recordNodes,
  recordProgress,
} from './recorded-metadata.ts'

type CheckState = Partial<Pick<MatcherState, 'isNot'>> & { readonly task?: Readonly<RunnerTestCase> }

interface MatcherOutcome {
  readonly pass: boolean
  readonly message: () => string
  /** The ids of the recorded expectations; reach the reporter with the assertion error. */
  readonly meta: { readonly expectations: readonly string[] }
}

export async function checkAssertion(
  { isNot = false, task }: CheckState,
  { spec, source, evaluation }: BoundAssertion,
): Promise<MatcherOutcome> {
  const context = waiverContextOf(task)
  const stopListening = source.listen?.((progress) => task && recordProgress(task, progress))
  const replayInfoOf = (part: number): { basis?: ReplayInfo } => {
    const basis = replayInfoSchema.safeParse({
      ask: spec,
      part,
      on: task === undefined ? source.name : evidenceName(task.file, source),
      seen: source.seen(),
      not: isNot,
    })
    return basis.success ? { basis: basis.data } : {}
  }
  const record = (expectation: Expectation, part: number): Expectation =>
    task === undefined ? expectation : recordExpectation(task, { ...expectation, ...replayInfoOf(part) })
  try {
    const judged = await judge()
    const recorded = judged.map((expectation, part) => record(applyWaiver(expectation, context), part))
    const gating = recorded.filter(isGating)
    const failed = gating.filter(({ verdict }) => verdict === 'failed')
    const undecided = gating.find(({ verdict }) => verdict === 'inconclusive')
    if (failed.length === 0 && undecided !== undefined) throw inconclusiveError(undecided, recorded)
    return outcomeOf((failed.length === 0) !== isNot, failed, recorded)
  } finally {
    stopListening?.()
    const evidence = source.evidence()
    if (task && evidence !== undefined) recordEvidence(task.file, evidenceName(task.file, source), evidence)
  }

  /** If the assertion cannot be evaluated, returns one inconclusive expectation with the error. */
  async function judge(): Promise<readonly Expectation[]> {
    try {
      if (task) await recordNodes(task.file, source.target)
      const judged = await evaluation.judge()
      return isNot ? judged.map(negated) : judged
    } catch (cause) {
      const error = asClaimcheckError(cause, evaluation.statement)
      const emulated = source.target.emulation !== undefined
      return [inconclusiveExpectation(evaluation.statement, 'see the suite', error, emulated)]
    }
  }
}

const outcomeOf = (
  pass: boolean,
  failed: readonly Expectation[],
  recorded: readonly Expectation[],
): MatcherOutcome => ({
  pass,
  message: () => failed.map(failureText).join('\n'),
  meta: { expectations: idsOf(recorded) },
})

const idsOf = (expectations: readonly Expectation[]): readonly string[] =>
  expectations.flatMap(({ id }) => id ?? [])

const inconclusiveError = (undecided: Expectation, recorded: readonly Expectation[]): JudgedError =>
  new JudgedError(
    undecided.code ?? 'INTERNAL',
    { subject: undecided.statement, problem: `could not be judged:\n${failureText(undecided)}` },
    idsOf(recorded),
  )

function waiverContextOf(task: Readonly<RunnerTestCase> | undefined): WaiverContext {
  return {
    test: task === undefined ? '' : task.fullTestName,
    sku: task?.file.meta.claimcheckFile?.sku?.name,
    tier: task?.tags?.includes('warn') === true ? 'warn' : undefined,
    // A project without claimcheck's global set-up provides no waivers.
    waivers: inject('waivers') ?? [],
  }
}
