/**
 * One container of a pod on this machine: the transfer binary as a process. It exits when its stdin closes, and so with this
 * process, however that ends.
 */
import { finished } from 'node:stream/promises'
import { execa } from 'execa'
import { ClaimcheckError } from '../../core/errors.ts'
import { ContainerLog } from '../process-log.ts'

const GRACE_MS = 5000

export interface ProcessParts {
  /** Names the container in errors. */
  readonly subject: string
  readonly binary: string
  readonly args: readonly string[]
  /** All of it: nothing of this process's own environment is passed on. */
  readonly env: Readonly<Record<string, string>>
}

export class HostProcess {
  readonly log: ContainerLog
  readonly #process
  /** Resolves once it is gone. */
  readonly #ended: Promise<void>

  constructor({ subject, binary, args, env }: ProcessParts) {
    this.log = new ContainerLog(subject)
    this.#process = execa(binary, [...args, '--until-stdin-closes'], {
      stdin: 'pipe',
      buffer: false,
      reject: false,
      extendEnv: false,
      env,
      forceKillAfterDelay: GRACE_MS,
    })
    this.#process.stdout.setEncoding('utf8').on('data', (text: string) => this.log.write(text))
    // A stream that breaks has ended as well; the process says how.
    const read = finished(this.#process.stdout).catch(() => undefined)
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.log.stderr = (this.log.stderr + text).slice(-4000)
    })
    this.#process.stdin.on('error', () => this.#process.kill('SIGKILL'))
    this.#ended = Promise.all([this.#process, read]).then(
      ([{ exitCode, signal, failed, code, shortMessage }]) => {
        if (failed && exitCode === undefined && signal === undefined)
          this.log.fail(
            new ClaimcheckError('POD_FAILED', {
              subject: binary,
              problem: `could not be started (${code ?? 'no reason given'})`,
              found: shortMessage ?? 'no reason given',
            }),
          )
        else this.log.end({ code: exitCode ?? null, signal: signal ?? null })
      },
    )
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** Ends it, gently first. Resolves when it is gone. Idempotent. */
  async stop(): Promise<void> {
    this.#process.kill('SIGTERM')
    await this.#ended
  }
}
