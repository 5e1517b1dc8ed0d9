/**
 * How a test hands what it rests on to the reporter, which lives in another process: by the metadata of its task.
 * Takes expectations, figures and progress in the worker; gives typed metadata and artifacts. Never judges.
 */
import { recordArtifact, type RunnerTestCase, type TaskMeta, type TestArtifactBase } from 'vitest'
import type { Expectation } from '../expect/expectation.ts'
import type { Progress } from '../measure/comparison.ts'
import type { Environment } from '../report/model.ts'

/** Grows over retries and repeats, so that a broken expectation is never forgotten. */
export interface CaseEvidence {
  readonly expectations: Expectation[]
  environment?: Environment
}

/** By name, JSON. */
export interface FileEvidence {
  readonly evidence: Record<string, unknown>
}

export interface ProgressArtifact extends TestArtifactBase {
  readonly type: 'claimcheck:progress'
  readonly progress: Progress
}

const progressKey = Symbol('claimcheck:progress')

declare module 'vitest' {
  interface TaskMeta {
    claimcheck?: CaseEvidence
    claimcheckFile?: FileEvidence
  }
  interface TestArtifactRegistry {
    [progressKey]: ProgressArtifact
  }
}

/** A test or a file, as far as evidence is concerned. */
export interface Recorded {
  readonly meta: TaskMeta
}

const evidenceOf = ({ meta }: Recorded): CaseEvidence => (meta.claimcheck ??= { expectations: [] })

export function recordExpectation(test: Recorded, expectation: Expectation): void {
  evidenceOf(test).expectations.push(expectation)
}

/** Says where the figures of this test come from. Its file's other tests are taken to run there too. */
export function recordEnvironment(test: Recorded, environment: Environment): void {
  evidenceOf(test).environment = environment
}

/** Keeps `data` as the file's evidence called `name`; a later one of that name replaces it. */
export function recordEvidence(file: Recorded, name: string, data: unknown): void {
  const own = (file.meta.claimcheckFile ??= { evidence: {} })
  own.evidence[name] = data
}

const LEAST_GAP_MS = 200
const lastTold = new WeakMap<Readonly<RunnerTestCase>, { readonly arm: string; readonly at: number }>()

/** Tells the reporter at most five times a second, and at once when an arm starts. */
export function recordProgress(test: Readonly<RunnerTestCase>, progress: Progress): void {
  const arm = `${progress.comparison} ${progress.arm} ${progress.round}`
  const last = lastTold.get(test)
  const now = performance.now()
  if (last?.arm === arm && now - last.at < LEAST_GAP_MS) return
  lastTold.set(test, { arm, at: now })
  // The reporter may be gone already when a run is interrupted; that is worth a word, not a failed test.
  recordArtifact(test, { type: 'claimcheck:progress', progress }).catch((error: unknown) =>
    process.emitWarning(`progress of "${test.name}" was not shown: ${String(error)}`),
  )
}
