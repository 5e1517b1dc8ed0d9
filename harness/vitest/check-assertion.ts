/**
 * Evaluates one assertion in a Vitest test and records every expectation, its evidence and progress for the reporter. A failed
 * expectation fails the matcher. One that cannot be judged is thrown, so that the test stays red under `.not` too.
 */
import { inject, type MatcherState, type RunnerTestCase } from 'vitest'
import { asClaimcheckError } from '../core/errors.ts'
import { replayInfoSchema, type ReplayInfo } from '../expect/assertion-spec.ts'
import type { AssertionPart, BoundAssertion } from '../expect/bound-assertion.ts'
import { failureText, inconclusiveExpectation, negated, type Expectation } from '../expect/expectation.ts'
import { applyWaiver, isGating, type WaiverContext } from '../expect/waiver.ts'
import { NotApplicableError } from '../expect/not-applicable-error.ts'
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
  bound: BoundAssertion,
): Promise<MatcherOutcome> {
  const context = waiverContextOf(task)
  const stopListening = bound.listen?.((progress) => task && recordProgress(task, progress))
  try {
    const recorded = await judgeAll()
    const gating = recorded.filter(isGating)
    const failed = gating.filter(({ verdict }) => verdict === 'failed')
    const undecided = gating.find(({ verdict }) => verdict === 'inconclusive')
    if (failed.length === 0 && undecided !== undefined) {
      const error = inconclusiveError(undecided, recorded)
      if (task === undefined || undecided.code !== 'NO_REFERENCE') throw error
      failWithoutEnding(task, error)
      return outcomeOf(!isNot, failed, recorded)
    }
    return outcomeOf((failed.length === 0) !== isNot, failed, recorded)
  } finally {
    stopListening?.()
  }

  /** Judges part after part: what one of them lacks costs no other its figures. */
  async function judgeAll(): Promise<readonly Expectation[]> {
    const recorded: Expectation[] = []
    try {
      if (task) await recordNodes(task.file, bound.target)
      for (const part of await bound.parts()) recorded.push(...(await judgePart(part)))
    } catch (cause) {
      if (cause instanceof NotApplicableError && task !== undefined && recorded.length === 0)
        return task.context.skip(`not judged: ${cause.message}`)
      recorded.push(record(undecidable(bound.statement, cause)))
    }
    return recorded
  }

  async function judgePart(part: AssertionPart): Promise<readonly Expectation[]> {
    const { evaluation } = part
    try {
      const judged = await evaluation.judge()
      return (isNot ? judged.map(negated) : judged).map((one, index) => record(one, part, index))
    } catch (cause) {
      if (cause instanceof NotApplicableError) throw cause
      return [record(undecidable(evaluation.statement, cause), part, 0)]
    } finally {
      const evidence = part.evidence()
      if (task && evidence !== undefined) recordEvidence(task.file, evidenceName(task.file, part), evidence)
    }
  }

  /** An inconclusive expectation with the error, for an assertion that cannot be evaluated. */
  function undecidable(statement: string, cause: unknown): Expectation {
    const error = asClaimcheckError(cause, statement)
    return inconclusiveExpectation(statement, 'see the suite', error, bound.target.emulation !== undefined)
  }

  function record(expectation: Expectation, part?: AssertionPart, index = 0): Expectation {
    const judged = applyWaiver(expectation, context)
    if (task === undefined) return judged
    return recordExpectation(task, {
      ...judged,
      ...(part === undefined ? {} : replayInfoOf(part, index)),
    })
  }

  function replayInfoOf(part: AssertionPart, index: number): { basis?: ReplayInfo } {
    const basis = replayInfoSchema.safeParse({
      ask: bound.spec,
      part: index,
      on: task === undefined ? part.name : evidenceName(task.file, part),
      seen: part.seen(),
      not: isNot,
    })
    return basis.success ? { basis: basis.data } : {}
  }
}

/** As `expect.soft` does, so that the assertions after one without a reference are measured too. */
function failWithoutEnding(task: RunnerTestCase, error: JudgedError): void {
  const { name, message, code, subject, expectations, stack = '' } = error
  task.result ??= { state: 'fail' }
  task.result.state = 'fail'
  task.result.errors = [...(task.result.errors ?? []), { name, message, code, subject, expectations, stack }]
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
