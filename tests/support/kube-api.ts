/**
 * Sends plain JSON to a Kubernetes API over persistent connections, so that objects arrive unchanged. Errors have the
 * server's message.
 */
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { parse } from 'yaml'

interface Kubeconfig {
  readonly contexts: readonly { name: string; context: { cluster: string; user: string } }[]
  readonly clusters: readonly {
    name: string
    cluster: {
      server: string
      'certificate-authority-data'?: string
      'insecure-skip-tls-verify'?: boolean
    }
  }[]
  readonly users: readonly {
    name: string
    user: { token?: string; 'client-certificate-data'?: string; 'client-key-data'?: string }
  }[]
}

export class ApiError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export class KubeApi {
  readonly #server: URL
  readonly #agent: Agent
  readonly #headers: Record<string, string>

  constructor(kubeconfig: string, contextName: string) {
    const config = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig
    const { context } = named(config.contexts, contextName)
    const { cluster } = named(config.clusters, context.cluster)
    const { user } = named(config.users, context.user)
    this.#server = new URL(cluster.server)
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 8,
      rejectUnauthorized: cluster['insecure-skip-tls-verify'] !== true,
      ca: decoded(cluster['certificate-authority-data']),
      cert: decoded(user['client-certificate-data']),
      key: decoded(user['client-key-data']),
    })
    this.#headers = user.token === undefined ? {} : { authorization: `Bearer ${user.token}` }
  }

  create<T extends object>(path: string, object: T): Promise<T> {
    return this.#json('POST', path, object)
  }

  replace<T extends object>(path: string, object: T): Promise<T> {
    return this.#json('PUT', path, object)
  }

  /** Applies a JSON merge patch; an object that does not exist is ignored. */
  async merge(path: string, changes: object): Promise<void> {
    await ignoringNotFound(this.text('PATCH', path, changes))
  }

  async list<T>(path: string): Promise<readonly T[]> {
    return (await this.#json<{ items: T[] }>('GET', path)).items
  }

  /** Deletes an object or a collection. Succeeds if it does not exist. */
  async delete(path: string): Promise<void> {
    await ignoringNotFound(
      this.text('DELETE', path, { propagationPolicy: 'Background', gracePeriodSeconds: 0 }),
    )
  }

  async #json<T>(method: string, path: string, body?: object): Promise<T> {
    return JSON.parse(await this.text(method, path, body)) as T
  }

  text(method: string, path: string, body?: object): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const content = body === undefined ? '' : JSON.stringify(body)
    const headers = {
      ...this.#headers,
      accept: 'application/json',
      'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
      // Node does not set it for a DELETE.
      'content-length': Buffer.byteLength(content),
    }
    const sent = request(new URL(path, this.#server), { method, agent: this.#agent, headers }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('error', reject)
      answer.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8')
        const status = answer.statusCode ?? 0
        if (status < 300) resolve(text)
        else reject(new ApiError(status, `${method} ${path}: ${status} ${messageOf(text)}`))
      })
    })
    sent.on('error', reject)
    sent.end(content)
    return promise
  }

  close(): void {
    this.#agent.destroy()
  }
}

async function ignoringNotFound(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error
  }
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text
  } catch (error) {
    if (error instanceof SyntaxError) return text
    throw error
  }
}

function named<T extends { name: string }>(items: readonly T[], name: string): T {
  const item = items.find((one) => one.name === name)
  if (item === undefined) throw new Error(`the kubeconfig has no ${name}`)
  return item
}

const decoded = (data: string | undefined): string | undefined =>
  data === undefined ? undefined : Buffer.from(data, 'base64').toString('utf8')
