/**
 * Keeps a copy of one collection up to date by list and watch. Waits are predicates on this copy. The informer reconnects
 * after idle or closed connections, 410 Gone, throttling and unavailability of the API server.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { requireShallow } from '../../core/bounded-json.ts'
import { withTimeout, type WaitCondition } from '../../core/timeout.ts'
import { isTransient, retryDelayMs, type Api, type Request } from './api-client.ts'
import { LineSplitter } from '../log-limits.ts'
import { ApiError } from './api-error.ts'
import { collection, type Resource } from './api-resources.ts'

/** The `timeoutSeconds` of a watch, after which the server ends it. */
const WATCH_SECONDS = 240
/** How long after `timeoutSeconds` the client ends a watch itself. */
const GRACE_SECONDS = 15
/** Servers send a bookmark about once a minute, so a connection that is idle for longer is broken. */
const IDLE_MS = 90_000
const [MIN_BACKOFF_MS, MAX_BACKOFF_MS] = [50, 2000]

export interface KubernetesObject {
  readonly metadata: { readonly name: string; readonly uid?: string | undefined }
}

export interface InformerOptions<T extends KubernetesObject> {
  readonly api: Api
  readonly resource: Resource
  /** Absent for all namespaces, and for a cluster-scoped resource. */
  readonly namespace?: string
  readonly query?: Readonly<Record<string, string>>
  readonly parse: (json: unknown) => T
}

const listSchema = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string() }),
  items: z.array(z.unknown()).nullish(),
})
const eventSchema = z.looseObject({ type: z.string(), object: z.unknown() })
const versionSchema = z.looseObject({ metadata: z.looseObject({ resourceVersion: z.string() }) })

export class Informer<T extends KubernetesObject> {
  readonly #options: InformerOptions<T>
  readonly #stopped = new AbortController()
  readonly #objects = new Map<string, T>()
  readonly #listeners = new Set<() => void>()
  #failure: unknown
  #lastError: string | undefined
  #synced = false

  constructor(options: InformerOptions<T>) {
    this.#options = options
    void this.#listAndWatch()
  }

  /** All objects, in the order in which they were first seen. */
  get all(): readonly T[] {
    return [...this.#objects.values()]
  }

  get(name: string): T | undefined {
    return this.#objects.get(name)
  }

  /**
   * Calls `condition` whenever the copy changes and resolves with its first result that is not undefined. Rejects with
   * DEADLINE, with INTERRUPTED, with what `condition` throws, or with the error that ended the watch: a missing permission,
   * or an object that does not match its schema.
   */
  async until<R>(condition: () => R | undefined, wait: WaitCondition): Promise<R> {
    const met = Promise.withResolvers<R>()
    const check = (): void => {
      try {
        if (this.#failure !== undefined) throw this.#failure
        const result = this.#synced ? condition() : undefined
        if (result !== undefined) met.resolve(result)
      } catch (error) {
        met.reject(error)
      }
    }
    this.#listeners.add(check)
    check()
    try {
      return await withTimeout(met.promise, {
        ...wait,
        lastSeen: () => [wait.lastSeen?.(), this.#lastError].filter((text) => text !== undefined).join('; '),
      })
    } finally {
      this.#listeners.delete(check)
    }
  }

  /** Resolves once the collection has been listed. */
  ready(wait: Pick<WaitCondition, 'within' | 'signal'>): Promise<true> {
    const { resource } = this.#options
    return this.until(() => true as const, { ...wait, subject: resource.plural, until: 'to be listed' })
  }

  stop(): void {
    this.#stopped.abort()
  }

  async #listAndWatch(): Promise<void> {
    let version: string | undefined
    let backoff = MIN_BACKOFF_MS
    this.#options.api.count(this.#request('watch'))
    while (!this.#stopped.signal.aborted) {
      try {
        version ??= await this.#list()
        const started = performance.now()
        version = await this.#watch(version)
        if (performance.now() - started > MAX_BACKOFF_MS) backoff = MIN_BACKOFF_MS
        // A proxy may end every watch at once.
        else await this.#pause(backoff)
      } catch (error) {
        if (this.#stopped.signal.aborted) return
        if (error instanceof ApiError && error.status === 410) version = undefined
        else if (isTransient(error)) this.#lastError = `the watch failed: ${String(error)}`
        else return this.#fail(this.#options.api.unreachable(this.#request('watch'), error))
        await this.#pause(retryDelayMs(error) ?? backoff)
        backoff = Math.min(2 * backoff, MAX_BACKOFF_MS)
      }
    }
  }

  /** Returns early when the informer is stopped. */
  async #pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#stopped.signal }).catch(() => undefined)
  }

  async #list(): Promise<string> {
    const { items, metadata } = listSchema.parse(await this.#options.api.json(this.#request('list')))
    const listed = new Map((items ?? []).map((item) => this.#entry(item)))
    this.#objects.clear()
    for (const [name, object] of listed) this.#objects.set(name, object)
    this.#synced = true
    this.#notify()
    return metadata.resourceVersion
  }

  /** Resolves with the last resource version when the server ends the watch. */
  async #watch(from: string): Promise<string> {
    let version = from
    const limit = AbortSignal.timeout((WATCH_SECONDS + GRACE_SECONDS) * 1000)
    const signal = AbortSignal.any([this.#stopped.signal, limit])
    const request = this.#request('watch', {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: from,
      timeoutSeconds: String(WATCH_SECONDS),
    })
    const response = await this.#options.api.open({ ...request, signal }, IDLE_MS)
    this.#lastError = undefined
    const splitter = new LineSplitter()
    response.setEncoding('utf8')
    // A broken connection ends the lines without an error; the response emits it.
    const broken = new Promise<never>((_resolve, reject) => response.once('error', reject))
    const read = (async () => {
      for await (const chunk of response)
        for (const line of splitter.push(String(chunk))) version = this.#handle(line) ?? version
      const last = splitter.finish()
      if (last !== undefined) version = this.#handle(last) ?? version
    })()
    try {
      await Promise.race([read, broken])
    } catch (error) {
      if (!limit.aborted && !isTransient(error)) throw error
    } finally {
      response.destroy()
    }
    return version
  }

  /** Handles one watch event and returns its resource version. */
  #handle(line: string): string | undefined {
    const { type, object } = eventSchema.parse(parsedEvent(line))
    if (type === 'ERROR') {
      const { code, message } = z
        .looseObject({ code: z.int(), message: z.string().default('') })
        .parse(object)
      throw new ApiError(
        'API_REFUSED',
        { status: code },
        { subject: this.#request('watch').subject, problem: `could not be watched: ${message}` },
      )
    }
    if (type !== 'BOOKMARK') {
      const [name, parsed] = this.#entry(object)
      if (type === 'DELETED') this.#objects.delete(name)
      else this.#objects.set(name, parsed)
      this.#notify()
    }
    return versionSchema.parse(object).metadata.resourceVersion
  }

  #entry(json: unknown): [string, T] {
    const object = this.#options.parse(json)
    return [object.metadata.name, object]
  }

  #fail(error: unknown): void {
    this.#failure = error
    this.#notify()
  }

  #notify(): void {
    for (const listener of this.#listeners) listener()
  }

  #request(verb: 'list' | 'watch', query: Readonly<Record<string, string>> = {}): Request {
    const { resource, namespace } = this.#options
    const group = resource.group === '' ? '' : `.${resource.group}`
    return {
      verb,
      resource: `${resource.plural}${group}`,
      subject: namespace === undefined ? resource.plural : `${resource.plural} of Namespace ${namespace}`,
      path: collection(resource, namespace),
      query: { ...this.#options.query, ...query },
      signal: this.#stopped.signal,
    }
  }
}

const MOST_LEVELS = 64

function parsedEvent(line: string): unknown {
  requireShallow(line, MOST_LEVELS)
  return JSON.parse(line)
}
