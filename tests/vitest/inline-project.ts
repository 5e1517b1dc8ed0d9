/**
 * A small project that is run by the real Vitest with claimcheck's reporter. It is in a folder of its own, which is
 * removed when the test ends. Returns the output for a person and the reports for a CI gate.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { parseXml } from '../report/parse-xml.ts'
import { runReportSchema, type RunReport } from '../../harness/report/run-report.ts'

const root = new URL('../..', import.meta.url).pathname
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')

export interface Run {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export class InlineProject {
  readonly folder: string
  readonly #children: ChildProcess[] = []

  constructor(files: Readonly<Record<string, string>>, config = '') {
    const scratch = join(root, 'tests/.tmp')
    mkdirSync(scratch, { recursive: true })
    this.folder = mkdtempSync(join(scratch, 'project-'))
    const settings = `import GracefulCancel from '${root}harness/vitest/graceful-cancel.ts'
      import ClaimcheckReporter from '${root}harness/vitest/reporter.ts'
      export default { test: {
        include: ['*.test.ts'], fileParallelism: false, setupFiles: ['${root}harness/vitest/worker-setup.ts'],
        reporters: [new GracefulCancel(), new ClaimcheckReporter()], ${config} } }`
    const evidence = `import { recordExpectation } from '${root}harness/vitest/recorded-metadata.ts'
      export const throwRecorded = (task, ...of) => {
        const { id } = recordExpectation(task, expectation(...of))
        throw Object.assign(new Error('thrown by a matcher'), { expectations: [id] })
      }
      export * from '${root}harness/vitest/recorded-metadata.ts'
      export const expectation = (verdict: string, more = {}) => ({
        statement: 'aligned bandwidth is at least 1.3x unaligned', verdict, reasons: [],
        ...(verdict === 'passed' ? {} : { code: verdict === 'failed' ? 'EXPECTATION_FAILED' : 'TOO_NOISY' }),
        measured: '1.420x', limit: 'at least 1.3x', properties: { ratio: 1.42, rounds: 3 }, emulated: true, ...more })`
    for (const [name, text] of Object.entries({
      ...files,
      'vitest.config.ts': settings,
      'evidence.ts': evidence,
    }))
      writeFileSync(join(this.folder, name), text)
  }

  start(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): ChildProcess {
    // Vitest's default loader bundles the harness for each run, and on a slow machine says on stderr how long that took.
    const child = spawn(process.execPath, [vitest, 'run', '--configLoader=native', ...args], {
      cwd: this.folder,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own, as in a shell, so that a test can signal it like Ctrl-C.
      detached: true,
    })
    this.#children.push(child)
    return child
  }

  run(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Run> {
    return ended(this.start(args, env))
  }

  file(path: string): string {
    return readFileSync(join(this.folder, path), 'utf8')
  }

  /** Reads `results.json` and validates it against its schema. */
  results(): RunReport {
    return runReportSchema.parse(JSON.parse(this.file('reports/results.json')))
  }

  /** The outcome of each testcase in `junit.xml`, as a CI gate reads it. */
  outcomes(): readonly string[] {
    return outcomesOf(this.file('reports/junit.xml'))
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) if (child.exitCode === null) child.kill('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export function ended(child: ChildProcess): Promise<Run> {
  const out = { stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk) => (out.stdout += chunk))
  child.stderr?.on('data', (chunk) => (out.stderr += chunk))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, ...out }))
  })
}

/** Formats testcases as `aligned is faster: failure EXPECTATION_FAILED`. */
const outcomesOf = (xml: string): readonly string[] =>
  parseXml(xml)
    .children.flatMap((suite) => suite.children.filter(({ name }) => name === 'testcase'))
    .map(({ attributes, children }) => {
      const said = children
        .filter(({ name }) => name !== 'properties')
        .map((one) => `${one.name} ${one.attributes['type'] ?? one.attributes['message']}`)
      return `${attributes['name']}: ${said.join(' AND ') || 'passed'}`
    })
