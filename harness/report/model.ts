/**
 * What a run came to, once, for all writers. Takes nothing from Vitest; the reporter in `vitest/` fills it.
 * The zod schema is the published one: `results.json` is a `RunReport` and its JSON Schema is made from this file.
 */
import { z } from 'zod'

export const RESULTS_SCHEMA = 'claimcheck.results/1'

const scalar = z.union([z.string(), z.number(), z.boolean()])

const interval = z.strictObject({
  estimate: z.number(),
  low: z.number(),
  high: z.number(),
  level: z.number().describe('of this one interval; over all looks the level is 0.95'),
  rounds: z.int(),
  unit: z.enum(['x', 'GB/s', 's']),
})

const expectation = z.strictObject({
  statement: z.string(),
  verdict: z.enum(['passed', 'failed', 'inconclusive']),
  code: z.string().optional(),
  reasons: z.array(z.string()),
  measured: z.string(),
  limit: z.string(),
  interval: interval.optional(),
  properties: z.record(z.string(), scalar),
  emulated: z.boolean(),
})

const problem = z.strictObject({
  code: z.string(),
  message: z.string(),
  subject: z.string().optional(),
  hint: z.string().optional(),
  stack: z.string().optional(),
})

const testReport = z.strictObject({
  file: z.string().describe('from the project folder'),
  suite: z.array(z.string()),
  name: z.string(),
  /** `interrupted` and `inconclusive` are errors to a gate, never green. */
  verdict: z.enum(['passed', 'failed', 'inconclusive', 'skipped', 'interrupted']),
  skipReason: z.string().optional(),
  startedAt: z.iso.datetime().optional(),
  seconds: z.number(),
  expectations: z.array(expectation),
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
  /** Present where the figures do not come from hardware. */
  emulation: z
    .strictObject({
      runtime: z.enum(['process', 'model']),
      scale: z.number(),
      rack: z.string(),
      faults: z.array(z.string()),
    })
    .optional(),
  sku: z.string().optional(),
  host: z.strictObject({ platform: z.string(), cpus: z.int(), node: z.string() }),
  tests: z.array(testReport),
  /** Errors outside any test: set-up, configuration. */
  problems: z.array(problem),
  /** Per test file: everything its verdicts rest on (rounds, samples, counters, claims, allocation, topology, events). */
  evidence: z.record(z.string(), z.unknown()),
})

export type RunReport = z.infer<typeof runReportSchema>
export type TestReport = RunReport['tests'][number]
export type ReportedProblem = RunReport['problems'][number]

/** Only this is green. */
export const isGreen = (report: RunReport): boolean =>
  report.outcome === 'passed' &&
  report.problems.length === 0 &&
  report.tests.length > 0 &&
  report.tests.every((test) => test.verdict === 'passed' || test.verdict === 'skipped')
