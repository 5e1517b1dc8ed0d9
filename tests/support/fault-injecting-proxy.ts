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

export type Fault = (incoming: IncomingMessage, response: ServerResponse) => boolean

export class FaultInjectingProxy {
  readonly seen: string[] = []
  /** Called for every request; returns true if it has responded itself. */
  inject: Fault = () => false
  readonly #plane: ControlPlane
  readonly #server: Server
  readonly #open = new Set<ServerResponse>()

  private constructor(plane: ControlPlane) {
    this.#plane = plane
    this.#server = createServer((incoming, response) => this.#pass(incoming, response))
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

  /** Breaks the connection of every open response. Returns their number. */
  cut(): number {
    const open = [...this.#open]
    for (const response of open) response.destroy()
    return open.length
  }

  /** Sends an event to every open watch. */
  sendEvent(event: unknown): void {
    for (const response of this.#open) response.write(`${JSON.stringify(event)}\n`)
  }

  async stop(): Promise<void> {
    this.cut()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #pass(incoming: IncomingMessage, response: ServerResponse): void {
    const { method, url = '', headers } = incoming
    this.seen.push(`${method} ${url}`)
    if (this.inject(incoming, response)) return
    const target = new URL(url, this.#plane.server)
    const send = target.protocol === 'https:' ? request : plain
    const onward = send(target, { method, headers, rejectUnauthorized: false }, (upstream) => {
      response.writeHead(upstream.statusCode ?? 502, upstream.headers)
      if (url.includes('watch=true') || url.includes('follow=true')) {
        this.#open.add(response)
        response.once('close', () => this.#open.delete(response))
      }
      upstream.pipe(response)
      upstream.once('close', () => {
        if (!upstream.complete) response.destroy()
      })
    })
    onward.on('error', () => response.destroy())
    response.once('close', () => onward.destroy())
    incoming.pipe(onward)
  }
}
