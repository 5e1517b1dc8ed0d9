/** Plain requests to a control plane as its administrator, for tests that look behind what they test. */
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

  /** Rejects with what the server said. */
  send(method: 'GET' | 'PATCH' | 'DELETE' | 'POST', path: string, body?: unknown): Promise<unknown> {
    const text = body === undefined ? '' : JSON.stringify(body)
    return new Promise((resolve, reject) => {
      const sent = request(
        `${this.#plane.server}${path}`,
        {
          method,
          rejectUnauthorized: false,
          headers: {
            Authorization: 'Bearer token-admin',
            // Node leaves a DELETE's body without its length.
            'Content-Length': Buffer.byteLength(text),
            'Content-Type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
          },
        },
        (response) => {
          let said = ''
          response.setEncoding('utf8').on('data', (chunk: string) => (said += chunk))
          response.on('error', reject)
          response.on('end', () => {
            if ((response.statusCode ?? 0) < 400) resolve(JSON.parse(said))
            else reject(new Error(`${method} ${path}: ${response.statusCode} ${said}`))
          })
        },
      )
      sent.on('error', reject)
      sent.end(text)
    })
  }
}
