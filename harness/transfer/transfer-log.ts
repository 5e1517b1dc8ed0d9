/**
 * Parses the log of the transfer binary in one container: progress events, the RESULT, and the error it ended with. A log
 * that is truncated, duplicated or garbled is an error of its own, so that it never becomes a figure.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { ClaimcheckError } from '../core/errors.ts'
import { errorFrom, reportedErrorSchema, type ReportedError } from '../core/reported-error.ts'
import { parseResult, type TransferResult } from './result.ts'

const endLine = z.looseObject({ result_sha256: z.string().optional() })

export type TransferEvent = Readonly<Record<string, unknown>> & { readonly event: string }

/** What the binary's side channel reports about the other side: it went away, or it was never reached. */
const LOST_PEER_CODES = new Set(['PEER_GONE', 'PEER_ABSENT'])

/** Collects the lines of a log as they arrive; `result` and `error` are meaningful once the log has ended. */
export class TransferLog {
  readonly #subject: string
  readonly #results: string[] = []
  #error: ReportedError | undefined
  #end: z.infer<typeof endLine> | undefined
  #last = ''

  constructor(subject: string) {
    this.#subject = subject
  }

  /** Returns the event of an EVENT line, so that progress can be shown while it runs. Throws RESULT_INVALID for a tagged line that cannot be parsed. */
  add(line: string): TransferEvent | undefined {
    if (line.trim() !== '') this.#last = line
    const space = line.indexOf(' ')
    const tag = line.slice(0, space)
    const body = line.slice(space + 1)
    if (tag === 'RESULT') this.#results.push(body)
    else if (tag === 'ERROR') this.#error = this.#parse(body, reportedErrorSchema)
    else if (tag === 'END') this.#end = this.#parse(body, endLine)
    else if (tag === 'EVENT') return this.#parse(body, z.looseObject({ event: z.string() }))
    return undefined
  }

  /** The initiator's RESULT. Throws the binary's own error, RESULT_MISSING, RESULT_TRUNCATED, RESULT_DUPLICATE or RESULT_INVALID. */
  result(): TransferResult {
    const [json, ...more] = this.#results
    if (json === undefined) {
      throw (
        this.error() ??
        this.#fault(
          'RESULT_MISSING',
          'ended without a RESULT line',
          `last line ${JSON.stringify(this.#last.slice(0, 200))}`,
        )
      )
    }
    if (more.length > 0)
      throw this.#fault('RESULT_DUPLICATE', 'printed more than one RESULT', `${more.length + 1} RESULT lines`)
    if (this.#end === undefined)
      throw this.#fault('RESULT_TRUNCATED', 'printed a RESULT without its END line', 'a truncated log')
    const digest = createHash('sha256').update(json).digest('hex')
    if (this.#end.result_sha256 !== digest) {
      throw this.#fault(
        'RESULT_TRUNCATED',
        'printed a RESULT whose digest differs from that of its END line',
        `SHA-256 ${digest}, ${this.#end.result_sha256 ?? 'none'} in the END line`,
      )
    }
    return parseResult(json, this.#subject)
  }

  /** The error the binary reported, if any. */
  error(): ClaimcheckError | undefined {
    return this.#error && errorFrom(this.#error, 'TRANSFER_FAILED', this.#subject)
  }

  /** True when the reported error says only that the other side is missing, so the cause is in the other side's log. */
  get reportsLostPeer(): boolean {
    return this.#error !== undefined && LOST_PEER_CODES.has(this.#error.code)
  }

  #parse<T>(json: string, schema: z.ZodType<T>): T {
    let value: unknown
    try {
      value = JSON.parse(json)
    } catch (cause) {
      throw this.#fault(
        'RESULT_INVALID',
        'printed a tagged line that is not JSON',
        JSON.stringify(json.slice(0, 120)),
        cause,
      )
    }
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    throw this.#fault(
      'RESULT_INVALID',
      'printed a tagged line that does not match its schema',
      z.prettifyError(parsed.error),
      parsed.error,
    )
  }

  #fault(
    code: 'RESULT_MISSING' | 'RESULT_TRUNCATED' | 'RESULT_DUPLICATE' | 'RESULT_INVALID',
    problem: string,
    found: string,
    cause?: unknown,
  ): ClaimcheckError {
    return new ClaimcheckError(code, {
      subject: this.#subject,
      problem,
      found,
      hint: 'The transfer is not used; see the container log in the report.',
      ...(cause === undefined ? {} : { cause }),
    })
  }
}
