/** Runs one row of the fault matrix with the real command, and says how it ended and what it left. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { isErrorCode } from '../../../harness/core/errors.ts'
import { runReportSchema } from '../../../harness/report/run-report.ts'
import type { FakeCluster } from './fake-cluster.ts'
import { titleOf, type FaultTarget, type HarnessFault } from './harness-fault.ts'
import { leftOf, machineState } from './leftovers.ts'
import { ObservedRun } from './observed-run.ts'
import { phaseReached } from './phases.ts'

const PROJECT = resolve(import.meta.dirname, '../../..')
/** Real transfers whose speed is not judged. */
const TRANSFERS = ['suites/numa/kv-transfer.test.ts', '-t', 'arrive intact']
const SUITES: Readonly<Partial<Record<FaultTarget, readonly string[]>>> = {
  host: ['suites/gpu/memory.test.ts'],
}

export interface FaultEnd {
  readonly title: string
  readonly target: FaultTarget
  readonly phase: string
  readonly fault: string
  readonly exit: number | NodeJS.Signals
  /** Error codes of the run, `passed`, or `none` where it says nothing. */
  readonly codes: readonly string[]
  /** Whether `claimcheck sweep` ran before the count. */
  readonly swept: boolean
  readonly left: readonly string[]
  /** Why the row does not hold; absent where it does. */
  readonly wrong?: string
}

/** `cluster` is required by rows of target `cluster`. */
export async function runFault(fault: HarnessFault, cluster: FakeCluster | undefined): Promise<FaultEnd> {
  const project = fault.target === 'cluster' ? clusterProject() : undefined
  await cluster?.reset({ holdLogs: fault.phase === 'running' && fault.api === undefined })
  if (fault.phase === 'from the start' && fault.api !== undefined) cluster?.fail(fault.api())
  const before = machineState()
  const run = new ObservedRun({
    args:
      project === undefined
        ? (SUITES[fault.target] ?? TRANSFERS)
        : ['--root', project, '--config', join(project, 'vitest.config.ts')],
    under: fault.under ?? [],
    programs: fault.nvidiaSmi === undefined ? {} : { 'nvidia-smi': fault.nvidiaSmi },
    env: { ...environmentOf(fault.target, cluster), ...fault.variables },
  })
  try {
    const reached = await run.until(phaseReached(fault.target, fault.phase, run, cluster))
    if (reached && fault.phase !== 'from the start') {
      if (fault.api !== undefined) cluster?.fail(fault.api())
      await fault.disturb?.(run)
    }
    const exit = await run.ended()
    if (fault.swept === true) await sweep(cluster)
    const left = await leftOf(run, before, cluster)
    const end = {
      title: titleOf(fault),
      target: fault.target,
      phase: fault.phase,
      fault: fault.fault,
      swept: fault.swept === true,
    }
    const codes = codesOf(run)
    const wrong = reached
      ? whyWrong(fault, exit, codes, left)
      : `the run never reached the phase "${fault.phase}"`
    return { ...end, exit, codes, left, ...(wrong === undefined ? {} : { wrong: `${wrong}\n${run.output}` }) }
  } finally {
    for (const { pid } of run.alive()) process.kill(pid, 'SIGKILL')
    await sleep(0)
    run.remove()
    if (project !== undefined) rmSync(project, { recursive: true, force: true })
  }
}

function environmentOf(target: FaultTarget, cluster: FakeCluster | undefined): Record<string, string> {
  if (target === 'host') return { CLAIMCHECK_TARGET: 'host' }
  if (target !== 'cluster') return { CLAIMCHECK_RUNTIME: target }
  if (cluster === undefined) throw new TypeError('target cluster without a cluster')
  return {
    CLAIMCHECK_TARGET: 'cluster',
    CLAIMCHECK_CONTEXT: 'proxy',
    CLAIMCHECK_SKU: 'h100x8',
    CLAIMCHECK_IMAGE: 'claimcheck.dev/transfer:fake',
    KUBECONFIG: cluster.kubeconfig,
  }
}

/** A suite whose test claims devices and reads the log of one pod on each node. */
function clusterProject(): string {
  mkdirSync(join(PROJECT, 'tests/.tmp'), { recursive: true })
  const folder = mkdtempSync(join(PROJECT, 'tests/.tmp/fault-'))
  writeFileSync(
    join(folder, 'vitest.config.ts'),
    `import { defineSuites } from '${PROJECT}/harness/vitest/config.ts'\nexport default defineSuites(['*.test.ts'])\n`,
  )
  writeFileSync(
    join(folder, 'a.test.ts'),
    `import { podTest, gpusWithNics } from '${PROJECT}/harness/vitest/suite.ts'
     const test = podTest({
       placement: gpusWithNics({ gpus: 1, gpusOn: 0, nics: 1, nicsOn: 0 }), containers: ['main'],
     })
     test('pods print what they see', async ({ pods, expect }) => {
       expect(await pods.look()).toHaveLength(2)
     })\n`,
  )
  return folder
}

/** Removes what a run that was killed left on the cluster, as a user does. */
async function sweep(cluster: FakeCluster | undefined): Promise<void> {
  cluster?.recover()
  await execa(process.execPath, ['bin/claimcheck.js', 'sweep', '--yes'], {
    cwd: PROJECT,
    env: {
      KUBECONFIG: cluster?.kubeconfig ?? '',
      CLAIMCHECK_TARGET: 'cluster',
      CLAIMCHECK_CONTEXT: 'proxy',
    },
  })
}

/** From the results of the run, otherwise from its JUnit report, otherwise from its output. */
function codesOf(run: ObservedRun): readonly string[] {
  const text = run.read('results.json')
  if (text === undefined) return codesIn(run.read('junit.xml') ?? run.output)
  const { tests, problems } = runReportSchema.parse(JSON.parse(text))
  const judged = tests.flatMap((test) => [...test.problems, ...test.expectations])
  const all = [
    ...new Set([...problems, ...judged].flatMap(({ code }): string[] => (code === undefined ? [] : [code]))),
  ].sort()
  if (all.length > 0) return all
  return tests.length > 0 && tests.every(({ verdict }) => verdict === 'passed' || verdict === 'skipped')
    ? ['passed']
    : ['none']
}

function codesIn(output: string): readonly string[] {
  const words = output.match(/\b[A-Z][A-Z_]+\b/g) ?? []
  const codes = [...new Set(words.filter(isErrorCode))].sort()
  return codes.length > 0 ? codes : ['none']
}

function whyWrong(
  { exits, codes: wanted }: HarnessFault,
  exit: number | NodeJS.Signals,
  codes: readonly string[],
  left: readonly string[],
): string | undefined {
  if (!exits.includes(exit)) return `expected exit ${exits.join(' or ')}, found ${exit}`
  if (!wanted.some((code) => codes.includes(code)))
    return `expected ${wanted.join(' or ')}, found ${codes.join(', ')}`
  return left.length === 0 ? undefined : `left behind: ${left.join(', ')}`
}
