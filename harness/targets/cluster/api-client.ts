/**
 * Requests to one API server. Takes paths and bodies; gives JSON or a stream of lines. Counts every request.
 * An API server that is away, throttles or is overloaded is asked again for a while: whatever it is asked here may be asked
 * twice. Unknown fields of objects are kept, since nothing is translated into a model.
 */
import http from 'node:http'
import https from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeConfig } from '@kubernetes/client-node'
import { ClaimcheckError } from '../../core/errors.ts'
import { apiError, type ApiOperation } from './api-error.ts'

/** How long an API server may be away before a request fails. */
const PATIENCE_MS = 60_000
const ANSWER_MS = 30_000
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [100, 2000]
const KEEP_ALIVE_MS = 15_000

export interface Request extends ApiOperation {
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
}

export type Response = http.IncomingMessage

const METHODS: Readonly<Record<string, string>> = { create: 'POST', patch: 'PATCH', delete: 'DELETE' }
const LOST = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
])
const TRY_AGAIN = new Set([429, 500, 502, 503, 504])

export class Api {
  readonly config: KubeConfig
  readonly #requests = new Map<string, number>()

  constructor(config: KubeConfig) {
    this.config = config
  }

  get server(): string {
    return this.config.getCurrentCluster()?.server ?? ''
  }

  /** By `verb resource`; a watch counts once, however often it had to be taken up again. */
  get requests(): ReadonlyMap<string, number> {
    return this.#requests
  }

  /** Rejects with RBAC_DENIED, NOT_FOUND, API_REFUSED, API_UNREACHABLE or INTERRUPTED. */
  async json(request: Request): Promise<unknown> {
    this.count(request)
    const text = await this.#persist(request, async () => textOf(await this.open(request, ANSWER_MS)))
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw new ClaimcheckError('API_REFUSED', {
        subject: request.subject,
        problem: 'was answered with something that is not JSON',
        found: text.slice(0, 120),
        hint: `Check that ${this.server} is an API server.`,
        cause,
      })
    }
  }

  count({ verb, resource }: ApiOperation): void {
    const key = `${verb} ${resource}`
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1)
  }

  /** One attempt; resolves with the response once its head is here. `idleMs`: how long it may then be silent. */
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
    await this.config.applyToHTTPSOptions(options as Parameters<KubeConfig['applyToHTTPSOptions']>[0])
    const response = await exchange(url, options, body, idleMs)
    if ((response.statusCode ?? 0) < 400) return response
    const error = apiError(request, response.statusCode ?? 0, await textOf(response))
    throw Object.assign(error, { retryAfter: Number(response.headers['retry-after']) || undefined })
  }

  async #persist<T>(request: Request, attempt: () => Promise<T>): Promise<T> {
    const until = Date.now() + PATIENCE_MS
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        return await attempt()
      } catch (error) {
        if (request.signal?.aborted) throw interrupted(request, error)
        if (!isTransient(error)) throw this.unreachable(request, error)
        const wait = backoffAfter(error) ?? pause
        if (Date.now() + wait > until) throw this.unreachable(request, error)
        await sleep(wait, undefined, { signal: request.signal }).catch((cause: unknown) => {
          throw interrupted(request, cause)
        })
      }
    }
  }

  /** An error of the connection in words; one of the API server's own as it is. */
  unreachable({ subject }: ApiOperation, error: unknown): ClaimcheckError {
    if (error instanceof ClaimcheckError) return error
    return new ClaimcheckError('API_UNREACHABLE', {
      subject: `API server ${this.server}`,
      problem: `did not answer about ${subject}`,
      found: messageOf(error),
      hint: 'Check the network and the context of CLAIMCHECK_CONTEXT.',
      cause: error,
    })
  }
}

/** Whether the same request may succeed a little later. */
export function isTransient(error: unknown): boolean {
  if (error instanceof ClaimcheckError) {
    const { status } = error.details
    return typeof status === 'number' && TRY_AGAIN.has(status)
  }
  const { code, message } = error as { code?: unknown; message?: unknown }
  return LOST.has(String(code)) || /socket hang up|was silent|aborted/.test(String(message))
}

/** What the API server asked for in Retry-After. */
export function backoffAfter(error: unknown): number | undefined {
  const seconds = (error as { retryAfter?: unknown }).retryAfter
  return typeof seconds === 'number' ? Math.min(seconds, 30) * 1000 : undefined
}

export async function textOf(response: Response): Promise<string> {
  response.setEncoding('utf8')
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return text
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
      request.setTimeout(idleMs, () => request.destroy(new Error(`was silent for ${idleMs / 1000} s`)))
    }
    request.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

function interrupted({ subject }: ApiOperation, cause: unknown): ClaimcheckError {
  return new ClaimcheckError('INTERRUPTED', {
    subject,
    problem: 'was being asked for when the run was interrupted',
    cause,
  })
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
