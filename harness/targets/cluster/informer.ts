/**
 * The objects of one collection, always as they are now. Takes an API and a collection; keeps a copy by list and watch, and
 * resolves named conditions on it. Survives silence, closed connections, 410 Gone, throttling and an API server that is away.
 */
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { withTimeout, type WaitCondition } from '../../core/timeout.ts'
import { ClaimcheckError } from '../../core/errors.ts'
import { backoffAfter, isTransient, type Api, type Request } from './api-client.ts'
import { statusCodeOf } from './api-error.ts'
import { collection, type Resource } from './api-resources.ts'

/** The server ends a watch after this; well before, no silence is taken for an end. */
const WATCH_SECONDS = 240
const OVERTIME_SECONDS = 15
/** A server tells about once a minute that nothing has happened; one that does not is asked again. */
const SILENCE_MS = 90_000
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [50, 2000]

export interface KubernetesObject {
  readonly metadata: { readonly name: string; readonly uid?: string | undefined }
}

export interface InformerOptions<T extends KubernetesObject> {
  readonly api: Api
  readonly resource: Resource
  /** Absent: all namespaces, or a kind without any. */
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
  readonly #parts: InformerOptions<T>
  readonly #over = new AbortController()
  readonly #objects = new Map<string, T>()
  readonly #listeners = new Set<() => void>()
  #failure: unknown
  #trouble: string | undefined
  #synced = false

  constructor(parts: InformerOptions<T>) {
    this.#parts = parts
    void this.#keep()
  }

  /** In the order in which they were first seen. */
  get all(): readonly T[] {
    return [...this.#objects.values()]
  }

  get(name: string): T | undefined {
    return this.#objects.get(name)
  }

  /**
   * Resolves with what `look` gives once it gives something. Rejects with DEADLINE, INTERRUPTED, with what `look` throws,
   * or with what ended the watch: a missing right, an object that cannot be understood.
   */
  async until<R>(look: () => R | undefined, wait: WaitCondition): Promise<R> {
    const found = Promise.withResolvers<R>()
    const check = (): void => {
      try {
        if (this.#failure !== undefined) throw this.#failure
        const seen = this.#synced ? look() : undefined
        if (seen !== undefined) found.resolve(seen)
      } catch (error) {
        found.reject(error)
      }
    }
    this.#listeners.add(check)
    check()
    try {
      return await withTimeout(found.promise, {
        ...wait,
        lastSeen: () => [wait.lastSeen?.(), this.#trouble].filter((text) => text !== undefined).join('; '),
      })
    } finally {
      this.#listeners.delete(check)
    }
  }

  /** Resolves once the first list is here. */
  ready(wait: Pick<WaitCondition, 'within' | 'signal'>): Promise<true> {
    const { resource } = this.#parts
    return this.until(() => true as const, { ...wait, subject: resource.plural, until: 'to be listed' })
  }

  stop(): void {
    this.#over.abort()
  }

  async #keep(): Promise<void> {
    let version: string | undefined
    let pause = FIRST_PAUSE_MS
    this.#parts.api.count(this.#request('watch'))
    while (!this.#over.signal.aborted) {
      try {
        version ??= await this.#list()
        const began = performance.now()
        version = await this.#watch(version)
        if (performance.now() - began > LONGEST_PAUSE_MS) pause = FIRST_PAUSE_MS
        // Whatever stands between may end each watch at once.
        else await this.#pause(pause)
      } catch (error) {
        if (this.#over.signal.aborted) return
        if (statusCodeOf(error) === 410) version = undefined
        else if (isTransient(error)) this.#trouble = `the watch was lost: ${String(error)}`
        else return this.#fail(this.#parts.api.unreachable(this.#request('watch'), error))
        await this.#pause(backoffAfter(error) ?? pause)
        pause = Math.min(2 * pause, LONGEST_PAUSE_MS)
      }
    }
  }

  /** Ends early with the watch. */
  async #pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#over.signal }).catch(() => undefined)
  }

  async #list(): Promise<string> {
    const { items, metadata } = listSchema.parse(await this.#parts.api.json(this.#request('list')))
    const now = new Map((items ?? []).map((item) => this.#entry(item)))
    this.#objects.clear()
    for (const [name, object] of now) this.#objects.set(name, object)
    this.#synced = true
    this.#tell()
    return metadata.resourceVersion
  }

  /** Resolves with the last version seen when the server ends the watch. */
  async #watch(from: string): Promise<string> {
    let version = from
    const limit = AbortSignal.timeout((WATCH_SECONDS + OVERTIME_SECONDS) * 1000)
    const signal = AbortSignal.any([this.#over.signal, limit])
    const request = this.#request('watch', {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: from,
      timeoutSeconds: String(WATCH_SECONDS),
    })
    const response = await this.#parts.api.open({ ...request, signal }, SILENCE_MS)
    this.#trouble = undefined
    const lines = createInterface({ input: response, signal })
    // A connection that breaks ends the lines; what broke it is told by the response.
    const broken = new Promise<never>((_resolve, reject) => response.once('error', reject))
    const read = (async () => {
      for await (const line of lines) version = this.#take(line) ?? version
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

  /** Returns the version to go on from. */
  #take(line: string): string | undefined {
    const { type, object } = eventSchema.parse(JSON.parse(line))
    if (type === 'ERROR') {
      const { code, message } = z
        .looseObject({ code: z.int(), message: z.string().default('') })
        .parse(object)
      throw new ClaimcheckError('API_REFUSED', {
        subject: this.#request('watch').subject,
        problem: `can no longer be watched: ${message}`,
        details: { status: code },
      })
    }
    if (type !== 'BOOKMARK') {
      const [name, kept] = this.#entry(object)
      if (type === 'DELETED') this.#objects.delete(name)
      else this.#objects.set(name, kept)
      this.#tell()
    }
    return versionSchema.parse(object).metadata.resourceVersion
  }

  #entry(json: unknown): [string, T] {
    const object = this.#parts.parse(json)
    return [object.metadata.name, object]
  }

  #fail(error: unknown): void {
    this.#failure = error
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }

  #request(verb: 'list' | 'watch', query: Readonly<Record<string, string>> = {}): Request {
    const { resource, namespace } = this.#parts
    const group = resource.group === '' ? '' : `.${resource.group}`
    return {
      verb,
      resource: `${resource.plural}${group}`,
      subject: namespace === undefined ? resource.plural : `${resource.plural} of Namespace ${namespace}`,
      path: collection(resource, namespace),
      query: { ...this.#parts.query, ...query },
      signal: this.#over.signal,
    }
  }
}
