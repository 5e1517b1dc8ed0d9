/**
 * Parses the log of the transfer binary in one container: progress events, the RESULT, and the errors it reported. A log
 * that is truncated, duplicated, garbled or forged is an error of its own, so that it never becomes a figure.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { parseBoundedJson } from '../core/bounded-json.ts'
import { ClaimcheckError, type ErrorCode } from '../core/errors.ts'
import { errorFrom, reportedErrorSchema, type ReportedError } from '../core/reported-error.ts'
import { parseResult, type TransferResult } from './result.ts'
import { resultProof } from './transfer-secrets.ts'

/** In characters; every tagged line but RESULT is short. */
const MOST_BODY = 64 * 1024
const MOST_RESULTS = 2
const MOST_ERRORS = 10

const endLine = z.object({ result_sha256: z.string().optional(), result_hmac_sha256: z.string().optional() })
const eventLine = z.object({
  event: z.string().transform((name) => name.slice(0, 64)),
  iter: z.number().optional().catch(undefined),
  start_parts_seconds: z.record(z.string(), z.number()).optional().catch(undefined),
})

export type TransferEvent = Readonly<z.infer<typeof eventLine>>

/** What the binary's side channel reports about the other side: it went away, or it was never reached. */
const LOST_PEER_CODES = new Set(['PEER_GONE', 'PEER_ABSENT'])
/** Errors that have the same meaning in the binary and in claimcheck. Any other code of a pod is text. */
const SHARED_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'LINK_DOWN',
  'TRANSFER_STALLED',
  'CONNECTION_BROKEN',
  'DATA_CORRUPT',
  'DEADLINE',
])

/** Collects the lines of a log as they arrive; `result` and `error` are meaningful once the log has ended. */
export class TransferLog {
  readonly #subject: string
  readonly #logKey: string | undefined
  /** The first two. */
  readonly #results: string[] = []
  #resultCount = 0
  /** The first ten. */
  readonly #errors: ReportedError[] = []
  #end: z.infer<typeof endLine> | undefined
  #last = ''

  /** `logKey` is the key that only the initiator's pod has. Without it, as in a recorded log, a RESULT needs no proof. */
  constructor(subject: string, logKey?: string) {
    this.#subject = subject
    this.#logKey = logKey
  }

  /** Returns the event of an EVENT line, so that progress can be shown while it runs. Throws RESULT_INVALID for a tagged line that cannot be parsed. */
  add(line: string): TransferEvent | undefined {
    if (line.trim() !== '') this.#last = line
    const space = line.indexOf(' ')
    const tag = line.slice(0, space)
    const body = line.slice(space + 1)
    if (tag === 'RESULT') {
      if (++this.#resultCount <= MOST_RESULTS) this.#results.push(body)
    } else if (tag === 'ERROR') {
      if (this.#errors.length < MOST_ERRORS) this.#errors.push(this.#parse(body, reportedErrorSchema))
    } else if (tag === 'END') this.#end = this.#parse(body, endLine)
    else if (tag === 'EVENT') return this.#parse(body, eventLine)
    return undefined
  }

  /**
   * The initiator's RESULT. Throws the first error that the binary reported, RESULT_MISSING, RESULT_TRUNCATED, RESULT_DUPLICATE
   * or RESULT_INVALID.
   */
  result(): TransferResult {
    const reported = this.error()
    if (reported !== undefined) throw reported
    const [json] = this.#results
    if (json === undefined) {
      const [corruption] = this.#errors
      if (corruption !== undefined) throw this.#errorOf(corruption)
      throw this.#fault(
        'RESULT_MISSING',
        'ended without a RESULT line',
        `last line ${JSON.stringify(this.#last.slice(0, 200))}`,
      )
    }
    if (this.#resultCount > 1)
      throw this.#fault(
        'RESULT_DUPLICATE',
        'printed more than one RESULT',
        `${this.#resultCount} RESULT lines`,
      )
    if (this.#end === undefined)
      throw this.#fault('RESULT_TRUNCATED', 'printed a RESULT without its END line', 'a truncated log')
    const digest = createHash('sha256').update(json).digest('hex')
    if (this.#end.result_sha256 !== digest) {
      throw this.#fault(
        'RESULT_TRUNCATED',
        'printed a RESULT whose digest differs from that of its END line',
        `SHA-256 ${digest}, ${this.#end.result_sha256?.slice(0, 64) ?? 'none'} in the END line`,
      )
    }
    if (this.#logKey !== undefined && this.#end.result_hmac_sha256 !== resultProof(json, this.#logKey)) {
      throw this.#fault(
        'RESULT_INVALID',
        'printed a RESULT that the transfer binary did not sign',
        this.#end.result_hmac_sha256 === undefined ? 'no signature in the END line' : 'a wrong signature',
      )
    }
    return parseResult(json, this.#subject)
  }

  /** The first error that the binary reported. Corruption that it found itself is none: the RESULT lists it, and an expectation judges it. */
  error(): ClaimcheckError | undefined {
    const first = this.#errors.find((error) => !isOwnCorruption(error))
    return first && this.#errorOf(first)
  }

  /** True when the binary reported corrupted data, which the RESULT must then list. */
  get reportsCorruption(): boolean {
    return this.#errors.some(isOwnCorruption)
  }

  /** True when the reported error says only that the other side is missing, so the cause is in the other side's log. */
  get reportsLostPeer(): boolean {
    const first = this.#errors.find((error) => !isOwnCorruption(error))
    return first !== undefined && LOST_PEER_CODES.has(first.code)
  }

  /** The error for a log that contradicts the RESULT. */
  contradicts(problem: string): ClaimcheckError {
    return this.#fault('RESULT_INVALID', problem, this.#errors[0]?.message.slice(0, 200) ?? 'no error')
  }

  #errorOf(reported: ReportedError): ClaimcheckError {
    return errorFrom(reported, 'TRANSFER_FAILED', { program: this.#subject, codes: SHARED_CODES })
  }

  #parse<T>(json: string, schema: z.ZodType<T>): T {
    let value: unknown
    try {
      value = parseBoundedJson(json, MOST_BODY)
    } catch (cause) {
      throw this.#fault(
        'RESULT_INVALID',
        'printed a tagged line that is not acceptable JSON',
        JSON.stringify(json.slice(0, 120)),
        cause,
      )
    }
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    throw this.#fault(
      'RESULT_INVALID',
      'printed a tagged line that does not match its schema',
      z.prettifyError(parsed.error).slice(0, 1000),
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

const isOwnCorruption = ({ code, told_by: toldBy }: ReportedError): boolean =>
  code === 'DATA_CORRUPT' && (toldBy ?? undefined) === undefined
