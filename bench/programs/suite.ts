/**
 * Runs `npx vitest run suites/numa` as a user would. Returns its wall time and the harness's overhead around each arm,
 * taken from the evidence in results.json.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { z } from 'zod'
import { runReportSchema } from '../../harness/report/run-report.ts'

const PROJECT = resolve(import.meta.dirname, '..', '..')
const LIMIT_MS = 10 * 60_000

const armSchema = z.object({
  outcome: z.object({
    result: z.object({ started_unix_ms: z.number(), finished_unix_ms: z.number() }),
    phases: z.record(z.string(), z.number()),
  }),
})
const roundsSchema = z.object({
  rounds: z.array(z.object({ aligned: armSchema, unaligned: armSchema })),
})

export interface SuiteRun {
  /** From the command to its end. */
  readonly seconds: number
  readonly passed: boolean
  readonly rounds: number
  /** For each arm, the wall time of its phases minus the initiator's own time. */
  readonly aroundSeconds: readonly number[]
  /** For each arm, the time from running pods to the first byte plus the time from the last byte to the end of both logs. */
  readonly readySeconds: readonly number[]
}

/** A suite that does not pass is measured too, with `passed` false. Rejects when it wrote no results. */
export async function runSuite(variables: Readonly<Record<string, string>>): Promise<SuiteRun> {
  const reports = await mkdtemp(join(tmpdir(), 'claimcheck-bench-'))
  try {
    const began = performance.now()
    const { exitCode } = await execa('npx', ['vitest', 'run', 'suites/numa'], {
      cwd: PROJECT,
      env: { ...variables, CLAIMCHECK_REPORT_DIR: reports },
      reject: false,
      timeout: LIMIT_MS,
      forceKillAfterDelay: 20_000,
    })
    const seconds = (performance.now() - began) / 1000
    const report = runReportSchema.parse(JSON.parse(await readFile(join(reports, 'results.json'), 'utf8')))
    const compared = Object.values(report.files).flatMap(({ evidence }) =>
      Object.values(evidence).flatMap((one) => roundsSchema.safeParse(one).data ?? []),
    )
    const arms = compared.flatMap(({ rounds }) =>
      rounds.flatMap(({ aligned, unaligned }) => [aligned, unaligned]),
    )
    return {
      seconds,
      passed: exitCode === 0,
      rounds: Math.max(0, ...compared.map(({ rounds }) => rounds.length)),
      aroundSeconds: arms.map(aroundSeconds),
      readySeconds: arms.map(readySeconds),
    }
  } finally {
    await rm(reports, { recursive: true, force: true })
  }
}

const own = ({ outcome: { result } }: z.infer<typeof armSchema>): number =>
  (result.finished_unix_ms - result.started_unix_ms) / 1000

const readySeconds = (arm: z.infer<typeof armSchema>): number =>
  (arm.outcome.phases['transfer'] ?? Number.NaN) - own(arm)

function aroundSeconds(arm: z.infer<typeof armSchema>): number {
  const whole = Object.values(arm.outcome.phases).reduce((sum, phase) => sum + phase, 0)
  return whole - own(arm)
}
