/** Sends requests to a control plane as its administrator, so that tests can check and set up state. */
import { request } from 'node:https'
import type { ControlPlane } from './control-plane.ts'

export class AdminApi {
  readonly #plane: ControlPlane

  constructor(plane: ControlPlane) {
    this.#plane = plane
  }

  async list<T>(path: string): Promise<T[]> {
    return ((await this.send('GET', path)) as { items: T[] }).items
  }

  /** Rejects with the server's response. */
  send(method: 'GET' | 'PATCH' | 'DELETE' | 'POST', path: string, content?: unknown): Promise<unknown> {
    const text = content === undefined ? '' : JSON.stringify(content)
    return new Promise((resolve, reject) => {
      const sent = request(
        `${this.#plane.server}${path}`,
        {
          method,
          rejectUnauthorized: false,
          headers: {
            Authorization: 'Bearer token-admin',
            // Node sends no length for the body of a DELETE.
            'Content-Length': Buffer.byteLength(text),
            'Content-Type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
          },
        },
        (response) => {
          let body = ''
          response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
          response.on('error', reject)
          response.on('end', () => {
            if ((response.statusCode ?? 0) < 400) resolve(JSON.parse(body))
            else reject(new Error(`${method} ${path}: ${response.statusCode} ${body}`))
          })
        },
      )
      sent.on('error', reject)
      sent.end(text)
    })
  }
}
