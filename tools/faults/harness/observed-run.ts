/** A run of `claimcheck run` in a process group and folders of its own, with every process that it ever started. */
import { spawn, type ChildProcess } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { familyOf, isAlive, type ProcessId } from '../../../tests/support/suite-process.ts'

const PROJECT = resolve(import.meta.dirname, '../../..')
const ASK_EVERY_MS = 2
/** Reading /proc takes longer. */
const LOOK_EVERY_MS = 50
/** A run whose API server is gone tries each step of the release for a minute. */
const PATIENCE_MS = 600_000

export interface RunRequest {
  /** Arguments of `claimcheck run`. */
  readonly args: readonly string[]
  readonly under: readonly string[]
  /** Shell scripts that come first on the PATH, by name. */
  readonly programs: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
}

export class ObservedRun {
  readonly folder = mkdtempSync(join(realpathSync(tmpdir()), 'claimcheck-fault-'))
  readonly reports = join(this.folder, 'reports')
  readonly temporary = join(this.folder, 'tmp')
  readonly #child: ChildProcess
  readonly #end: Promise<number | NodeJS.Signals>
  readonly #seen = new Map<string, ProcessId>()
  #over = false
  output = ''

  constructor({ args, under, programs, env }: RunRequest) {
    mkdirSync(this.temporary)
    mkdirSync(this.reports)
    const bin = join(this.folder, 'bin')
    mkdirSync(bin)
    for (const [name, script] of Object.entries(programs))
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    // Spares each run the bundling of the whole harness.
    const native = '--configLoader=native'
    const command = [process.execPath, join(PROJECT, 'bin/claimcheck.js'), 'run', native, ...args]
    const [program = '', ...rest] = [
      ...under.map((word) => word.replaceAll('REPORTS', this.reports)),
      ...command,
    ]
    this.#child = spawn(program, rest, {
      cwd: PROJECT,
      env: {
        ...process.env,
        PATH: `${bin}:${process.env['PATH'] ?? ''}`,
        CLAIMCHECK_REPORT_DIR: this.reports,
        TMPDIR: this.temporary,
        NO_COLOR: '1',
        ...Object.fromEntries(
          Object.entries(env).map(([name, value]) => [name, value.replace('FOLDER', this.folder)]),
        ),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text))
    this.#end = new Promise((ended, failed) => {
      this.#child.on('error', failed)
      this.#child.on('exit', (code, signal) => {
        this.#over = true
        ended(code ?? signal ?? 'SIGKILL')
      })
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Resolves with the exit code or the signal that ended the command. */
  async ended(): Promise<number | NodeJS.Signals> {
    await this.until(() => this.#over)
    return this.#end
  }

  /** Resolves with true once `reached` holds, or with false when the command has ended before or was killed after ten minutes. */
  async until(reached: () => boolean): Promise<boolean> {
    const began = performance.now()
    for (let looked = 0; performance.now() - began < PATIENCE_MS;) {
      if (reached()) return true
      if (this.#over) return false
      if (performance.now() - looked >= LOOK_EVERY_MS) {
        this.#look()
        looked = performance.now()
      }
      await sleep(ASK_EVERY_MS)
    }
    this.signalGroup('SIGKILL')
    this.output += `\nkilled after ${PATIENCE_MS / 1000} s`
    return false
  }

  /** Processes of this program that are alive, oldest first. */
  running(program: string): readonly ProcessId[] {
    return [...this.#seen.values()].filter((one) => one.program === program && isAlive(one))
  }

  /** All processes of the run that are alive. */
  alive(): readonly ProcessId[] {
    return [...this.#seen.values()].filter(isAlive)
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal)
  }

  /** As a terminal does on Ctrl-C, on Ctrl-\ and when it is closed. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal)
  }

  /** As `| head` does once it has read enough. */
  closePipes(): void {
    this.#child.stdout?.destroy()
    this.#child.stderr?.destroy()
  }

  has(report: string): boolean {
    return existsSync(join(this.reports, report))
  }

  /** Undefined where there is none. */
  read(report: string): string | undefined {
    return this.has(report) ? readFileSync(join(this.reports, report), 'utf8') : undefined
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  #look(): void {
    for (const one of familyOf(this.pid)) this.#seen.set(`${one.pid} ${one.started}`, one)
  }
}
