/**
 * A client of the node agent (`native/node`): sends requests and passes its events to a listener. The agent exits, and removes
 * everything it created, when this process closes its stdin or dies.
 */
import { execa } from 'execa'
import { z } from 'zod'
import { asClaimcheckError, ClaimcheckError } from '../../../core/errors.ts'
import { errorFrom, reportedErrorSchema, type ReportedError } from '../../../core/reported-error.ts'
import { LineSplitter } from '../../log-limits.ts'

const answer = z.looseObject({
  id: z.int(),
  ok: z.unknown().optional(),
  error: reportedErrorSchema.optional(),
})

const event = z.discriminatedUnion('event', [
  z.looseObject({
    event: z.literal('log'),
    pod: z.string(),
    container: z.string(),
    stream: z.enum(['stdout', 'stderr']),
    data: z.string(),
  }),
  z.looseObject({
    event: z.literal('exited'),
    pod: z.string(),
    container: z.string(),
    code: z.int().nullable(),
    signal: z.string().nullable(),
  }),
  z.looseObject({ event: z.literal('link_cut'), pod: z.string(), nic: z.string() }),
])

export type AgentEvent = z.infer<typeof event>

/** The agent killed a command that ran longer than its limit. */
export class CommandTimeoutError extends ClaimcheckError {}

const CLOSING_MS = 5000
/** Characters of a line of the agent, which has a line of a pod in it, with characters escaped. */
const MOST_LINE = 32 * 2 ** 20

export class NodeAgent {
  readonly #process
  readonly #pending = new Map<number, { resolve: (ok: unknown) => void; reject: (error: Error) => void }>()
  readonly #onEvent: (event: AgentEvent) => void
  readonly #onEnd: (error: ClaimcheckError) => void
  readonly #ended: Promise<void>
  #closing = false
  #over = false
  #stderr = ''
  #next = 1

  constructor(
    binary: string,
    listener: { onEvent: (event: AgentEvent) => void; onEnd: (error: ClaimcheckError) => void },
  ) {
    this.#onEvent = listener.onEvent
    this.#onEnd = listener.onEnd
    this.#process = execa(binary, {
      stdin: 'pipe',
      buffer: false,
      reject: false,
      extendEnv: true,
      killSignal: 'SIGTERM',
      forceKillAfterDelay: 2000,
    })
    const lines = new LineSplitter(MOST_LINE)
    this.#process.stdout.setEncoding('utf8').on('data', (text: string) => {
      for (const line of lines.push(text)) this.#read(line)
    })
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-2000)
    })
    this.#process.stdin.on('error', () => this.#process.kill())
    this.#ended = this.#process.then((result) =>
      this.#end(result.failed ? (result.shortMessage ?? 'it failed') : 'it ended'),
    )
  }

  /** Rejects with the agent's own error, or NODE_AGENT_FAILED when it is gone. */
  request<T>(op: string, body: Readonly<Record<string, unknown>>, schema: z.ZodType<T>): Promise<T> {
    const id = this.#next++
    return new Promise<unknown>((resolve, reject) => {
      if (this.#over) {
        reject(this.#gone('it has ended'))
        return
      }
      this.#pending.set(id, { resolve, reject })
      this.#process.stdin.write(`${JSON.stringify({ id, op, ...body })}\n`)
    }).then((ok) => {
      const parsed = schema.safeParse(ok)
      if (parsed.success) return parsed.data
      throw this.#gone(`its answer to ${op} is invalid: ${z.prettifyError(parsed.error)}`)
    })
  }

  /** Closes the agent's stdin, on which it removes everything. Resolves when it has exited. */
  async close(): Promise<void> {
    this.#closing = true
    this.#over = true
    this.#process.stdin.end()
    const late = setTimeout(() => this.#process.kill('SIGKILL'), CLOSING_MS)
    await this.#ended
    clearTimeout(late)
  }

  #read(line: string): void {
    try {
      const value: unknown = JSON.parse(line)
      if (typeof value === 'object' && value !== null && 'event' in value) {
        this.#onEvent(event.parse(value))
        return
      }
      const { id, ok, error } = answer.parse(value)
      const waiter = this.#pending.get(id)
      this.#pending.delete(id)
      if (error === undefined) waiter?.resolve(ok)
      else waiter?.reject(failureOf(error))
    } catch (cause) {
      this.#onEnd(this.#gone(`it wrote a line that cannot be read: ${line.slice(0, 200)}`, cause))
    }
  }

  #end(how: string): void {
    this.#over = true
    const error = this.#gone(how)
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
    if (!this.#closing) this.#onEnd(error)
  }

  #gone(how: string, cause?: unknown): ClaimcheckError {
    return new ClaimcheckError('NODE_AGENT_FAILED', {
      subject: 'node agent of the emulated rack',
      problem: `is not available: ${how}`,
      ...(this.#stderr === '' ? {} : { found: `on its stderr: ${this.#stderr.trim()}` }),
      hint: 'Run again; if it persists, run with NODE_DEBUG=claimcheck and report it.',
      ...(cause === undefined ? {} : { cause: asClaimcheckError(cause) }),
    })
  }
}

function failureOf(reported: ReportedError): ClaimcheckError {
  const error = errorFrom(reported, 'NODE_AGENT_FAILED')
  if (reported.code !== 'EXEC_DEADLINE') return error
  const { subject, expected, found } = error
  return new CommandTimeoutError('DEADLINE', {
    subject,
    problem: 'did not end in time',
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
    cause: error,
  })
}
