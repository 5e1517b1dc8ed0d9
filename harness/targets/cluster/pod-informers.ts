/**
 * The informers for the pods and claims of a run. A wait on them that times out reports the last state and the
 * events of the Namespace.
 */
import { timeoutError, type WaitCondition } from '../../core/timeout.ts'
import { ClaimcheckError } from '../../core/errors.ts'
import type { ObjectClient } from './object-client.ts'
import { parseClaim, parseEvent, parsePod, type Claim, type Event, type Pod } from './object-schemas.ts'
import * as resources from './api-resources.ts'
import { Informer } from './informer.ts'
import { selectorOf } from './run-namespace.ts'

const MAX_EVENTS = 10

export class PodInformers {
  readonly pods: Informer<Pod>
  readonly claims: Informer<Claim>
  readonly #client: ObjectClient
  readonly #namespace: string

  constructor(client: ObjectClient, namespace: string, runId: string) {
    this.#client = client
    this.#namespace = namespace
    const of = { api: client.api, namespace, query: selectorOf(runId) }
    this.pods = new Informer({ ...of, resource: resources.pods, parse: parsePod })
    this.claims = new Informer({ ...of, resource: resources.resourceClaims, parse: parseClaim })
  }

  /** Calls `condition` whenever a pod or a claim changes and resolves with its first result that is not undefined. */
  async until<R>(condition: () => R | undefined, wait: WaitCondition): Promise<R> {
    // A pod that is not listed yet must not count as deleted.
    await Promise.all([this.pods.ready(wait), this.claims.ready(wait)])
    const met = new AbortController()
    const signal = wait.signal === undefined ? met.signal : AbortSignal.any([wait.signal, met.signal])
    const either = [this.pods, this.claims].map((informer) => informer.until(condition, { ...wait, signal }))
    try {
      return await Promise.race(either)
    } catch (error) {
      if (error instanceof ClaimcheckError && error.code === 'DEADLINE')
        throw await this.#withEvents(error, wait)
      throw error
    } finally {
      met.abort()
      await Promise.allSettled(either)
    }
  }

  /** Returns the ten newest events of the named objects, or of all objects, as text and oldest first. */
  async eventsOf(...names: readonly string[]): Promise<readonly string[]> {
    const events = await this.#client.list(resources.events, parseEvent, { namespace: this.#namespace })
    return events
      .filter(({ involvedObject: { name } }) => names.length === 0 || names.includes(name ?? ''))
      .sort((a, b) => timeOf(a) - timeOf(b))
      .slice(-MAX_EVENTS)
      .map(
        ({ type, reason, message, involvedObject: { kind, name } }) =>
          `${type ?? ''} ${reason ?? ''} on ${kind ?? ''} ${name ?? ''}: ${message ?? ''}`,
      )
  }

  stop(): void {
    this.pods.stop()
    this.claims.stop()
  }

  async #withEvents(error: ClaimcheckError, wait: WaitCondition): Promise<ClaimcheckError> {
    const events = await this.eventsOf().catch((cause: unknown) => [`could not be read: ${String(cause)}`])
    return timeoutError(wait, {
      found: error.found,
      hint: `Its events: ${events.length === 0 ? 'none' : events.join(' | ')}`,
      details: { events },
      cause: error,
    })
  }
}

const timeOf = ({ lastTimestamp, eventTime }: Event): number =>
  Date.parse(lastTimestamp ?? eventTime ?? '') || 0
