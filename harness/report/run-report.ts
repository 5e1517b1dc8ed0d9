/**
 * The result of a run, from which every report is written. The reporter in `vitest/` creates it; `results.json` is a
 * `RunReport`, and its published JSON Schema is generated from the zod schema here.
 */
import { z } from 'zod'
import { replayInfoSchema } from '../expect/assertion-spec.ts'
import { ERROR_CATALOGUE, type ErrorCode } from '../core/errors.ts'
import { skuValueSchema } from '../sku/sku.ts'
import { TARGET_KINDS } from '../targets/target-kinds.ts'
import { coverageSchema } from './coverage.ts'
import { fileInputsSchema } from './input-files.ts'
import { nodeFingerprintSchema } from './node-fingerprint.ts'

export const RESULTS_SCHEMA = 'claimcheck.results/1'

const code = z.enum(Object.keys(ERROR_CATALOGUE) as ErrorCode[])
const scalar = z.union([z.string(), z.number(), z.boolean()])

const interval = z.strictObject({
  estimate: z.number(),
  low: z.number(),
  high: z.number(),
  level: z.number().describe('of this one interval; over all looks the level is 0.95'),
  rounds: z.int(),
  unit: z.enum(['x', 'GB/s', 's']),
})

export const expectationSchema = z.strictObject({
  id: z.string().exactOptional().describe('unique within its test; absent from files of claimcheck 0.1.0'),
  statement: z.string(),
  verdict: z.enum(['passed', 'failed', 'inconclusive']),
  code: code.exactOptional(),
  reasons: z.array(z.string()),
  measured: z.string(),
  detail: z.string().exactOptional(),
  limit: z.string(),
  interval: interval.exactOptional(),
  properties: z.record(z.string(), scalar),
  emulated: z.boolean(),
  nodes: z
    .array(z.string())
    .exactOptional()
    .describe('those that it is about, where a comparison has several pairs of nodes, or several nodes'),
  memory: z
    .literal('host')
    .exactOptional()
    .describe('present where the buffers were in host memory: a figure of the fabric, without GPUs'),
  basis: replayInfoSchema.exactOptional().describe('how to recompute it from the evidence of its test file'),
  tier: z.literal('warn').exactOptional().describe('reported when it is not met, without failing the run'),
  waiver: z
    .strictObject({
      reason: z.string(),
      until: z.string().describe('the last day on which it holds'),
      expired: z.boolean(),
      at: z.string().describe('file and entry'),
    })
    .exactOptional()
    .describe(
      'the waiver that names this expectation; until it expires, an unmet expectation does not fail the run',
    ),
})

const problem = z.strictObject({
  code,
  message: z.string(),
  /** The object the error is about. */
  subject: z.string().exactOptional(),
  hint: z.string().exactOptional(),
  /** Where it was thrown, one frame a line. */
  stack: z.string().exactOptional(),
  /** The test file it belongs to; absent where it belongs to the whole run. */
  file: z.string().exactOptional(),
})

/** Where the figures of a test file were measured. */
export const environmentSchema = z.strictObject({
  target: z.string(),
  sku: z.string().exactOptional(),
  /** Present where the figures do not come from hardware. */
  emulation: z
    .strictObject({
      runtime: z.enum(['process', 'model', 'vm']),
      scale: z.number().describe('sizes and rates are divided by this while bytes move'),
      rack: z.string(),
      faults: z.array(z.string()),
    })
    .exactOptional(),
})

const fileReport = environmentSchema.extend({
  profile: skuValueSchema.exactOptional().describe('the SKU that figures were held against'),
  nodes: nodeFingerprintSchema.exactOptional(),
  inputs: fileInputsSchema
    .exactOptional()
    .describe('the files that were read; absent from files of claimcheck 0.1.0'),
  evidence: z
    .record(z.string(), z.unknown())
    .describe('what the verdicts rest on: rounds, samples, counters, claims, allocation, topology, events'),
})

const testReport = z.strictObject({
  file: z.string().describe('from the project folder'),
  suite: z.array(z.string()),
  name: z.string(),
  verdict: z
    .enum(['passed', 'waived', 'warned', 'failed', 'inconclusive', 'skipped', 'interrupted'])
    .describe(
      'waived and warned: an expectation was not met, and the gate lets the test through; inconclusive and interrupted fail the gate',
    ),
  skipReason: z.string().exactOptional(),
  startedAt: z.iso.datetime().exactOptional(),
  seconds: z.number(),
  expectations: z.array(expectationSchema),
  /** Errors other than unmet expectations. */
  problems: z.array(problem),
})

export const runReportSchema = z.strictObject({
  schema: z.literal(RESULTS_SCHEMA),
  tool: z.strictObject({ name: z.literal('claimcheck'), version: z.string() }),
  run: z.string().describe('an id of this run'),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  outcome: z.enum(['passed', 'failed', 'interrupted']),
  target: z.string(),
  host: z.strictObject({ platform: z.string(), cpus: z.int(), node: z.string() }),
  tests: z.array(testReport),
  /** Errors outside any test: set-up, configuration. */
  problems: z.array(problem),
  files: z.record(z.string(), fileReport).describe('by test file'),
  coverage: coverageSchema
    .exactOptional()
    .describe('what the run covered of the hardware under test; absent from files of claimcheck 0.1.0'),
  notes: z
    .array(z.string())
    .exactOptional()
    .describe('information for a person that does not affect the verdict'),
})

/** A report is immutable once created. */
type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T

export type RunReport = Frozen<z.infer<typeof runReportSchema>>
export type TestReport = RunReport['tests'][number]
export type TestVerdict = TestReport['verdict']
export type Environment = Frozen<z.infer<typeof environmentSchema>>
export type FileReport = Frozen<z.infer<typeof fileReport>>
export type ReportedProblem = RunReport['problems'][number]

/** The environment of a test file. A file that recorded none has the target of the run. */
export const environmentOf = (report: Pick<RunReport, 'files' | 'target'>, file: string): Environment =>
  report.files[file] ?? { target: report.target }

const EMULATED_TARGETS: ReadonlySet<string> = new Set(
  Object.values(TARGET_KINDS).flatMap(({ kind, isEmulated: emulated }) => (emulated ? kind : [])),
)

/** Whether the devices of an environment are emulated. */
export const isEmulated = ({ target, emulation }: Environment): boolean =>
  emulation !== undefined || EMULATED_TARGETS.has(target)

/** Whether every test was accepted and nothing else went wrong. */
export const isGreen = (report: Pick<RunReport, 'outcome' | 'problems' | 'tests'>): boolean =>
  report.outcome === 'passed' &&
  report.problems.length === 0 &&
  report.tests.some(({ verdict }) => verdict !== 'skipped') &&
  report.tests.every((test) => isAccepted(test.verdict))

/** Whether a gate lets the verdict through. */
export const isAccepted = (verdict: TestVerdict): boolean =>
  ['passed', 'waived', 'warned', 'skipped'].includes(verdict)
