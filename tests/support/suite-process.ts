/**
 * Runs a suite in a process group and temporary folder of its own, so that a test can interrupt it and find its processes.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { PROJECT } from './run-suite.ts'
import { temporaryFolder } from './rack-file.ts'

const PATIENCE_MS = 120_000
const LOOK_EVERY_MS = 20

/** With the start time, since pids are reused. */
export interface ProcessId {
  readonly pid: number
  readonly started: string
  readonly program: string
}

export class SuiteProcess {
  readonly reports = join(temporaryFolder(), 'reports')
  readonly temporary = join(temporaryFolder(), 'tmp')
  readonly #child: ChildProcess
  readonly #ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  said = ''

  constructor(
    suite: string,
    variables: Readonly<Record<string, string>> = {},
    { cwd = PROJECT, args = [] }: { readonly cwd?: string; readonly args?: readonly string[] } = {},
  ) {
    mkdirSync(this.temporary)
    this.#child = spawn(join(PROJECT, 'node_modules/.bin/vitest'), ['run', suite, ...args], {
      cwd,
      env: {
        ...process.env,
        CLAIMCHECK_REPORT_DIR: this.reports,
        TMPDIR: this.temporary,
        NO_COLOR: '1',
        ...variables,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.said += text))
    this.#ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject)
      this.#child.on('close', (code, signal) => resolve({ code, signal }))
    })
    onTestFinished(() => {
      if (this.#child.exitCode === null && this.#child.signalCode === null) process.kill(-this.pid, 'SIGKILL')
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    return this.#ended
  }

  kill(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal)
  }

  /** Signals the whole process group, as Ctrl-C in a terminal does. */
  killGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal)
  }

  /** Resolves with all processes of the run once two transfers are running. */
  midTransfer(): Promise<readonly ProcessId[]> {
    return this.having(2, 'claimcheck-transfer')
  }

  /** Resolves with all processes of the run once `count` of them run `program`. */
  having(count: number, program: string): Promise<readonly ProcessId[]> {
    return this.#until(`${count} x ${program}`, () => {
      const family = familyOf(this.pid)
      return family.filter((one) => one.program === program).length >= count ? family : undefined
    })
  }

  /** Resolves once its output contains `text`. */
  saying(text: string): Promise<true> {
    return this.#until(JSON.stringify(text), () => this.said.includes(text) || undefined)
  }

  /** Undefined when it was not written. */
  report(name: 'junit.xml' | 'results.json'): string | undefined {
    const path = join(this.reports, name)
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined
  }

  async #until<T>(what: string, look: () => T | undefined): Promise<T> {
    for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_EVERY_MS) {
      const seen = look()
      if (seen !== undefined) return seen
      if (this.#child.exitCode !== null) break
      await sleep(LOOK_EVERY_MS)
    }
    throw new Error(`the run never got to ${what}; it said:\n${this.said}`)
  }
}

/** A process and all its descendants. */
export function familyOf(root: number): readonly ProcessId[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => statOf(Number(pid)) ?? [])
  const family = all.filter(({ pid }) => pid === root)
  for (const member of family) family.push(...all.filter(({ parent }) => parent === member.pid))
  return family
}

/** Zombies are not counted: they wait for their new parent. */
export const isAlive = ({ pid, started }: ProcessId): boolean => {
  const now = statOf(pid)
  return now?.started === started && now.state !== 'Z' && now.state !== 'X'
}

function statOf(pid: number): (ProcessId & { parent: number; state: string }) | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state = '', parent, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const started = rest[17] ?? ''
    return { pid, parent: Number(parent), state, started, program: programOf(pid, stat) }
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(String((error as { code?: unknown }).code))) return undefined
    throw error
  }
}

/** A zombie has no executable; its name is that of the kernel, truncated to 15 characters. */
function programOf(pid: number, stat: string): string {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`))
  } catch (error) {
    if (!['ENOENT', 'EACCES', 'ESRCH'].includes(String((error as { code?: unknown }).code))) throw error
    return stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
  }
}
