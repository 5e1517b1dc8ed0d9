/**
 * Passes expectations, evidence and progress from a test to the reporter, which runs in another process, through the metadata
 * and artifacts of Vitest's task.
 */
import { recordArtifact, type RunnerTestCase, type TaskMeta, type TestArtifactBase } from 'vitest'
import type { Evidence } from '../expect/evidence.ts'
import type { Expectation } from '../expect/expectation.ts'
import { allCovered, coveredBy, type Covered } from '../measure/covered.ts'
import type { Progress } from '../measure/measured-rounds.ts'
import type { Inventory, TransferKind } from '../report/coverage.ts'
import type { FileInputs } from '../report/input-files.ts'
import type { Environment } from '../report/run-report.ts'
import { inventoryOf } from '../report/inventory.ts'
import { fingerprintOf, type NodeFingerprint } from '../report/node-fingerprint.ts'
import type { Sku } from '../sku/sku.ts'
import type { Target } from '../targets/target.ts'

/** Accumulates over retries and repeats, so that a later pass does not hide an earlier failure. */
interface TestMetadata {
  readonly expectations: Expectation[]
  /** The transfers that the test measures, also where it was skipped while it ran. */
  measures?: TransferKind
  environment?: Environment
}

/** JSON values only. */
interface FileMetadata {
  /** By the name of the evidence. */
  readonly evidence: Record<string, unknown>
  /** By the name of the evidence. */
  readonly covered: Record<string, CoveredEvidence>
  inventory?: Inventory
  sku?: Sku
  emulated?: boolean
  nodes?: NodeFingerprint
  inputs?: FileInputs
}

interface CoveredEvidence {
  readonly covered: Covered
  /** The number of transfers that were measured. */
  readonly transfers: number
  /** Whether it was not measured to the first look, since its figures could not be judged any more. */
  readonly endedEarly: boolean
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

/** A test or a file whose metadata can be written. */
export interface Recorded {
  readonly meta: TaskMeta
}

const evidenceOf = ({ meta }: Recorded): TestMetadata => (meta.claimcheck ??= { expectations: [] })

export type RecordedExpectation = Expectation & { readonly id: string }

/** Returns the expectation with the id by which an error refers to it, as `expectations` of the error. */
export function recordExpectation(test: Recorded, expectation: Expectation): RecordedExpectation {
  const { expectations } = evidenceOf(test)
  const recorded = { ...expectation, id: String(expectations.length + 1) }
  expectations.push(recorded)
  return recorded
}

/** Records the environment of the figures of this test. Other tests of the file are assumed to have the same one. */
export function recordEnvironment(test: Recorded, environment: Environment): void {
  evidenceOf(test).environment = environment
}

const fileEvidenceOf = ({ meta }: Recorded): FileMetadata =>
  (meta.claimcheckFile ??= { evidence: {}, covered: {} })

/** Records the SKU with which the file's figures are compared, and whether its NICs are emulated. */
export function recordSku(file: Recorded, sku: Sku, emulated: boolean): void {
  Object.assign(fileEvidenceOf(file), { sku, emulated })
}

/** Records once a file which files it was decided by. `read` throws FILE_UNREADABLE. */
export function recordInputs(file: Recorded, read: () => FileInputs): void {
  fileEvidenceOf(file).inputs ??= read()
}

/** Records once a file which machines it runs on. Rejects when the target cannot list its nodes or ResourceSlices. */
export async function recordNodes(file: Recorded, target: Target): Promise<void> {
  const own = fileEvidenceOf(file)
  own.nodes ??= fingerprintOf(await target.slices())
  if (own.sku !== undefined) own.inventory ??= await inventoryOf(target, own.sku)
}

/** Records that the test measures transfers of this kind. */
export function recordMeasures(test: Recorded, kind: TransferKind): void {
  evidenceOf(test).measures = kind
}

const names = new WeakMap<object, string>()

/** A name that is unique in the file's evidence: the preferred one, or with a number, such as `kv#2`. */
export function evidenceName(
  file: Recorded,
  { owner, name }: { readonly owner: object; readonly name: string },
): string {
  const known = names.get(owner)
  if (known !== undefined) return known
  const { evidence } = fileEvidenceOf(file)
  let free = name
  for (let i = 2; free in evidence; i++) free = `${name}#${i}`
  // Reserved at once, so that a concurrent owner gets another name.
  evidence[free] = null
  names.set(owner, free)
  return free
}

/** Stores `data` as the file's evidence called `name`, replacing earlier evidence of that name, and what it covers. */
export function recordEvidence(file: Recorded, name: string, data: Evidence): void {
  const own = fileEvidenceOf(file)
  own.evidence[name] = data
  const { sku, emulated = false } = own
  if (data.kind !== 'rounds' || sku === undefined) return
  const outcomes = data.rounds.flatMap((round) =>
    Object.values(round).flatMap((arm) => (typeof arm === 'number' ? [] : arm.outcome)),
  )
  own.covered[name] = {
    covered: allCovered(outcomes.map((outcome) => coveredBy(outcome, sku, emulated))),
    transfers: outcomes.length,
    endedEarly: data.failure === undefined && data.rounds.length < data.looks.first,
  }
}

const LEAST_GAP_MS = 200
const lastReported = new WeakMap<Readonly<RunnerTestCase>, { readonly arm: string; readonly at: number }>()

/** Reports progress at most five times a second, and at once when an arm starts. */
export function recordProgress(test: Readonly<RunnerTestCase>, progress: Progress): void {
  const arm = `${progress.comparison} ${progress.arm} ${progress.round}`
  const last = lastReported.get(test)
  const now = performance.now()
  if (last?.arm === arm && now - last.at < LEAST_GAP_MS) return
  lastReported.set(test, { arm, at: now })
  // After an interruption the reporter may be gone already; that must not fail the test.
  recordArtifact(test, { type: 'claimcheck:progress', progress }).catch((error: unknown) =>
    process.emitWarning(`progress of "${test.name}" was not shown: ${String(error)}`),
  )
}
