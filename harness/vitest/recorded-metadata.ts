/**
 * How a test hands what it rests on to the reporter, which lives in another process: by the metadata of its task.
 * Takes expectations, figures and progress in the worker; gives typed metadata and artifacts. Never judges.
 */
import { recordArtifact, type RunnerTestCase, type TaskMeta, type TestArtifactBase } from 'vitest'
import type { Expectation } from '../expect/expectation.ts'
import type { Progress } from '../measure/measured-rounds.ts'
import type { Environment } from '../report/run-report.ts'
import { fingerprintOf, type NodeFingerprint } from '../report/node-fingerprint.ts'
import type { Sku } from '../sku/sku.ts'
import type { Target } from '../targets/target.ts'

/** Grows over retries and repeats, so that a broken expectation is never forgotten. */
interface TestMetadata {
  readonly expectations: Expectation[]
  environment?: Environment
}

/** All of it JSON. */
interface FileMetadata {
  /** By name. */
  readonly evidence: Record<string, unknown>
  sku?: Sku
  nodes?: NodeFingerprint
}

interface ProgressArtifact extends TestArtifactBase {
  readonly type: 'claimcheck:progress'
  readonly progress: Progress
}

const progressKey = Symbol('claimcheck:progress')

declare module 'vitest' {
  interface TaskMeta {
    claimcheck?: TestMetadata
    claimcheckFile?: FileMetadata
  }
  interface TestArtifactRegistry {
    [progressKey]: ProgressArtifact
  }
}

/** A test or a file, as far as evidence is concerned. */
export interface Recorded {
  readonly meta: TaskMeta
}

const evidenceOf = ({ meta }: Recorded): TestMetadata => (meta.claimcheck ??= { expectations: [] })

export function recordExpectation(test: Recorded, expectation: Expectation): void {
  evidenceOf(test).expectations.push(expectation)
}

/** Says where the figures of this test come from. Its file's other tests are taken to run there too. */
export function recordEnvironment(test: Recorded, environment: Environment): void {
  evidenceOf(test).environment = environment
}

const fileEvidenceOf = ({ meta }: Recorded): FileMetadata => (meta.claimcheckFile ??= { evidence: {} })

/** The SKU that the file's figures are held against. */
export function recordSku(file: Recorded, sku: Sku): void {
  fileEvidenceOf(file).sku = sku
}

/** Says once a file what machines it runs on. Rejects where the target cannot tell. */
export async function recordNodes(file: Recorded, target: Target): Promise<void> {
  const own = fileEvidenceOf(file)
  own.nodes ??= fingerprintOf(await target.slices())
}

const names = new WeakMap<object, string>()

/** A name in the file's evidence that no other source has: the wanted one, or `kv#2`. */
export function evidenceName(
  file: Recorded,
  { source, name }: { readonly source: object; readonly name: string },
): string {
  const known = names.get(source)
  if (known !== undefined) return known
  const { evidence } = fileEvidenceOf(file)
  let free = name
  for (let i = 2; free in evidence; i++) free = `${name}#${i}`
  // Held from now on, so that a source that is asked at the same time gets another.
  evidence[free] = null
  names.set(source, free)
  return free
}

/** Keeps `data` as the file's evidence called `name`; a later one of that name replaces it. */
export function recordEvidence(file: Recorded, name: string, data: unknown): void {
  fileEvidenceOf(file).evidence[name] = data
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
