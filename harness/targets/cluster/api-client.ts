/**
 * Sends requests to one API server, with the credentials of a kubeconfig context, and counts them. Requests that fail because
 * the server is unreachable, throttles or is overloaded are retried: all are idempotent, except that a create may conflict with
 * itself, which the error says. Objects keep fields that this version does not know.
 */
import http from 'node:http'
import https from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeConfig } from '@kubernetes/client-node'
import { requireShallow } from '../../core/bounded-json.ts'
import { ClaimcheckError } from '../../core/errors.ts'
import { withCredentials } from './exec-credentials.ts'
import { ApiError, apiError, type ApiOperation } from './api-error.ts'

/** How long a request is retried before it fails. */
const RETRY_MS = 60_000
const RESPONSE_MS = 30_000
const [MIN_BACKOFF_MS, MAX_BACKOFF_MS] = [100, 2000]
const KEEP_ALIVE_MS = 15_000
/** In characters. A list of ResourceSlices of a large cluster has some 10 million. */
const MOST_RESPONSE = 128 * 2 ** 20
const MOST_REFUSAL = 64 * 1024
/** Of nested JSON. */
const MOST_LEVELS = 64

export interface Request extends ApiOperation {
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
}

export type Response = http.IncomingMessage

const METHODS: Readonly<Record<string, string>> = { create: 'POST', patch: 'PATCH', delete: 'DELETE' }
const CONNECTION_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
])
const RETRYABLE_STATUSES = new Set([429, 500, 502, 503, 504])
const MAX_RETRY_AFTER_SECONDS = 30

export class Api {
  readonly config: KubeConfig
  readonly #requests = new Map<string, number>()

  constructor(config: KubeConfig) {
    this.config = config
  }

  get server(): string {
    return this.config.getCurrentCluster()?.server ?? ''
  }

  /** Number of requests by `verb resource`. A watch counts once, however often it reconnects. */
  get requests(): ReadonlyMap<string, number> {
    return this.#requests
  }

  /** Rejects with RBAC_DENIED, NOT_FOUND, API_REFUSED, API_UNREACHABLE or INTERRUPTED. */
  async json(request: Request): Promise<unknown> {
    this.count(request)
    const text = await this.#retry(request, async () =>
      textOf(await this.open(request, RESPONSE_MS), request),
    )
    try {
      requireShallow(text, MOST_LEVELS)
      return JSON.parse(text)
    } catch (cause) {
      throw new ClaimcheckError('API_REFUSED', {
        subject: request.subject,
        problem: 'could not be read: the response is not acceptable JSON',
        found: text.slice(0, 120),
        hint: `Check that ${this.server} is the address of an API server.`,
        cause,
      })
    }
  }

  count({ verb, resource }: ApiOperation): void {
    const key = `${verb} ${resource}`
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1)
  }

  /**
   * Sends a request once and resolves with the response when its headers have arrived. `idleMs` limits how long the
   * connection may be idle. Rejects with an ApiError for a status of 400 or more.
   */
  async open(request: Request, idleMs?: number): Promise<Response> {
    const { path, query, body, verb, signal } = request
    const url = new URL(`${this.server.replace(/\/$/, '')}${path}`)
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value)
    const options: https.RequestOptions = {
      method: METHODS[verb] ?? 'GET',
      headers: {
        Accept: 'application/json',
        'User-Agent': 'claimcheck',
        ...(body === undefined
          ? {}
          : { 'Content-Type': verb === 'patch' ? 'application/apply-patch+yaml' : 'application/json' }),
      },
      ...(signal === undefined ? {} : { signal }),
    }
    const config = await withCredentials(this.config)
    await config.applyToHTTPSOptions(options as Parameters<KubeConfig['applyToHTTPSOptions']>[0])
    const response = await exchange(url, options, body, idleMs)
    if ((response.statusCode ?? 0) < 400) return response
    throw apiError(request, {
      status: response.statusCode ?? 0,
      body: await beginningOf(response),
      retryAfterSeconds: Number(response.headers['retry-after']) || undefined,
    })
  }

  async #retry<T>(request: Request, attempt: () => Promise<T>): Promise<T> {
    const until = Date.now() + RETRY_MS
    let isResponseLost = false
    for (let backoff = MIN_BACKOFF_MS; ; backoff = Math.min(2 * backoff, MAX_BACKOFF_MS)) {
      try {
        return await attempt()
      } catch (error) {
        if (request.signal?.aborted) throw interrupted(request, error)
        if (error instanceof ApiError) error.followsLostResponse = isResponseLost
        if (!isTransient(error)) throw this.unreachable(request, error)
        isResponseLost ||= !(error instanceof ApiError) || error.status >= 500
        const delay = retryDelayMs(error) ?? backoff
        if (Date.now() + delay > until) throw this.unreachable(request, error)
        await sleep(delay, undefined, { signal: request.signal }).catch((cause: unknown) => {
          throw interrupted(request, cause)
        })
      }
    }
  }

  /** Returns an error of the connection as API_UNREACHABLE, and any ClaimcheckError as it is. */
  unreachable({ subject }: ApiOperation, error: unknown): ClaimcheckError {
    if (error instanceof ClaimcheckError) return error
    return new ClaimcheckError('API_UNREACHABLE', {
      subject: `API server ${this.server}`,
      problem: `did not respond to a request for ${subject}`,
      found: messageOf(error),
      hint: 'Check the network and the server of the context in CLAIMCHECK_CONTEXT.',
      cause: error,
    })
  }
}

/** Whether the same request may succeed when it is sent again. */
export function isTransient(error: unknown): boolean {
  if (error instanceof ApiError) return RETRYABLE_STATUSES.has(error.status)
  if (error instanceof ClaimcheckError) return false
  const { code, message } = error as { code?: unknown; message?: unknown }
  return CONNECTION_ERRORS.has(String(code)) || /socket hang up|was idle|aborted/.test(String(message))
}

/** Returns the delay that the API server requested with `Retry-After`, at most 30 s. */
export function retryDelayMs(error: unknown): number | undefined {
  const seconds = error instanceof ApiError ? error.retryAfterSeconds : undefined
  return seconds === undefined ? undefined : Math.min(seconds, MAX_RETRY_AFTER_SECONDS) * 1000
}

/** Rejects with API_REFUSED for a response that is too large. */
export async function textOf(response: Response, { subject }: ApiOperation): Promise<string> {
  response.setEncoding('utf8')
  const parts: string[] = []
  let length = 0
  for await (const chunk of response) {
    parts.push(String(chunk))
    length += String(chunk).length
    // Leaving the loop closes the connection.
    if (length > MOST_RESPONSE)
      throw new ClaimcheckError('API_REFUSED', {
        subject,
        problem: 'could not be read: the response is too large',
        expected: `at most ${MOST_RESPONSE} characters`,
        found: 'more',
      })
  }
  return parts.join('')
}

/** The text of a response that refuses a request; a long one is cut. */
async function beginningOf(response: Response): Promise<string> {
  response.setEncoding('utf8')
  let text = ''
  for await (const chunk of response) {
    text += String(chunk)
    if (text.length > MOST_REFUSAL) break
  }
  return text.slice(0, MOST_REFUSAL)
}

function exchange(
  url: URL,
  options: https.RequestOptions,
  body: unknown,
  idleMs: number | undefined,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'http:' ? http : https).request(url, options, resolve)
    request.on('error', reject)
    request.on('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS))
    if (idleMs !== undefined) {
      request.setTimeout(idleMs, () => request.destroy(new Error(`was idle for ${idleMs / 1000} s`)))
    }
    request.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

function interrupted({ subject }: ApiOperation, cause: unknown): ClaimcheckError {
  return new ClaimcheckError('INTERRUPTED', {
    subject,
    problem: 'was being requested when the run was interrupted',
    cause,
  })
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
