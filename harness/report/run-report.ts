/**
 * What a run came to, once, for all writers. Takes nothing from Vitest; the reporter in `vitest/` fills it.
 * The zod schema is the published one: `results.json` is a `RunReport` and its JSON Schema is made from this file.
 */
import { z } from 'zod'
import { replayInfoSchema } from '../expect/assertion-spec.ts'
import { ERROR_CATALOGUE, type ErrorCode } from '../core/errors.ts'
import { skuValueSchema } from '../sku/sku.ts'
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
  basis: replayInfoSchema.exactOptional().describe('how to make it again from the evidence of its file'),
  tier: z.literal('warn').exactOptional().describe('shown where it is not met, and does not gate'),
  waiver: z
    .strictObject({
      reason: z.string(),
      until: z.string().describe('the last day on which it holds'),
      expired: z.boolean(),
      at: z.string().describe('file and entry'),
    })
    .exactOptional()
    .describe('that names this expectation; in force it lets it through, whatever the verdict'),
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

/** Where figures come from. */
export const environmentSchema = z.strictObject({
  target: z.string(),
  sku: z.string().exactOptional(),
  /** Present where the figures do not come from hardware. */
  emulation: z
    .strictObject({
      runtime: z.enum(['process', 'model']),
      scale: z.number().describe('sizes and rates are divided by this while bytes move'),
      rack: z.string(),
      faults: z.array(z.string()),
    })
    .exactOptional(),
})

const fileReport = environmentSchema.extend({
  profile: skuValueSchema.exactOptional().describe('the SKU that figures were held against'),
  nodes: nodeFingerprintSchema.exactOptional(),
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
      'waived and warned: an expectation was not met and does not gate; inconclusive and interrupted do',
    ),
  skipReason: z.string().exactOptional(),
  startedAt: z.iso.datetime().exactOptional(),
  seconds: z.number(),
  expectations: z.array(expectationSchema),
  /** What was thrown that is no expectation. */
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
  notes: z.array(z.string()).exactOptional().describe('what a person should know and no gate need act on'),
})

/** Nothing changes a report once it is made. */
type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T

export type RunReport = Frozen<z.infer<typeof runReportSchema>>
export type TestReport = RunReport['tests'][number]
export type TestVerdict = TestReport['verdict']
export type Environment = Frozen<z.infer<typeof environmentSchema>>
export type FileReport = Frozen<z.infer<typeof fileReport>>
export type ReportedProblem = RunReport['problems'][number]

/** The environment of a test file; of a file that never said its own, the run's target. */
export const environmentOf = (report: RunReport, file: string): Environment =>
  report.files[file] ?? { target: report.target }

/** Targets whose devices are made up. */
const MADE_UP = new Set(['emulated', 'lab'])
export const isEmulated = ({ target, emulation }: Environment): boolean =>
  emulation !== undefined || MADE_UP.has(target)

/** Only this is green. */
export const isGreen = (report: RunReport): boolean =>
  report.outcome === 'passed' &&
  report.problems.length === 0 &&
  report.tests.length > 0 &&
  report.tests.every((test) => isAccepted(test.verdict))

/** Every other verdict is an error or a failure to a gate. */
export const isAccepted = (verdict: TestVerdict): boolean =>
  ['passed', 'waived', 'warned', 'skipped'].includes(verdict)
