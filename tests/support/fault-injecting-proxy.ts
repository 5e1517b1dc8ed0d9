/**
 * A proxy in front of a control plane that injects faults of networks and overloaded API servers: broken connections, error
 * responses and watch events. Its kubeconfig has one context, `proxy`.
 */
import {
  createServer,
  request as plain,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { ControlPlane } from './control-plane.ts'

export type Fault = (asked: IncomingMessage, answer: ServerResponse) => boolean

export class FaultInjectingProxy {
  readonly seen: string[] = []
  /** Called for every request; returns true if it has responded itself. */
  inject: Fault = () => false
  readonly #plane: ControlPlane
  readonly #server: Server
  readonly #open = new Set<ServerResponse>()

  private constructor(plane: ControlPlane) {
    this.#plane = plane
    this.#server = createServer((asked, answer) => this.#pass(asked, answer))
  }

  static async start(plane: ControlPlane): Promise<FaultInjectingProxy> {
    const proxy = new FaultInjectingProxy(plane)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get kubeconfig(): string {
    const { port } = this.#server.address() as AddressInfo
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        { name: 'c', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } },
      ],
      users: [{ name: 'u', user: { token: 'token-admin' } }],
      contexts: [{ name: 'proxy', context: { cluster: 'c', user: 'u' } }],
    })
  }

  /** Breaks every answer that is on its way. Returns how many those were. */
  cut(): number {
    const open = [...this.#open]
    for (const answer of open) answer.destroy()
    return open.length
  }

  /** Sends an event to every open watch. */
  sendEvent(event: unknown): void {
    for (const answer of this.#open) answer.write(`${JSON.stringify(event)}\n`)
  }

  async stop(): Promise<void> {
    this.cut()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #pass(asked: IncomingMessage, answer: ServerResponse): void {
    const { method, url = '', headers } = asked
    this.seen.push(`${method} ${url}`)
    if (this.inject(asked, answer)) return
    const target = new URL(url, this.#plane.server)
    const send = target.protocol === 'https:' ? request : plain
    const onward = send(target, { method, headers, rejectUnauthorized: false }, (said) => {
      answer.writeHead(said.statusCode ?? 502, said.headers)
      if (url.includes('watch=true') || url.includes('follow=true')) {
        this.#open.add(answer)
        answer.once('close', () => this.#open.delete(answer))
      }
      said.pipe(answer)
      said.once('close', () => {
        if (!said.complete) answer.destroy()
      })
    })
    onward.on('error', () => answer.destroy())
    answer.once('close', () => onward.destroy())
    asked.pipe(onward)
  }
}
