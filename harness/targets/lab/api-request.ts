/**
 * Sends single requests to the API server of a lab that is starting, without retries. Runs use the client in
 * `targets/cluster`.
 */
import { request } from 'node:https'
import { z } from 'zod'

export interface ApiAccess {
  readonly server: string
  readonly authority: string
  readonly token: string
}

export interface ApiResponse {
  readonly status: number
  readonly body: unknown
}

const TIMEOUT_MS = 5000

/** Resolves with any response; rejects if there is none within 5 s. */
export function apiRequest(
  access: ApiAccess,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<ApiResponse> {
  return new Promise((resolve, reject) => {
    const sent = request(
      new URL(path, access.server),
      {
        method,
        ca: access.authority,
        agent: false,
        timeout: TIMEOUT_MS,
        headers: { authorization: `Bearer ${access.token}`, 'content-type': 'application/json' },
      },
      (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(parts).toString()
          resolve({ status: response.statusCode ?? 0, body: parsed(text) })
        })
      },
    )
    sent.on('timeout', () =>
      sent.destroy(new Error(`no response from ${access.server} within ${TIMEOUT_MS} ms`)),
    )
    sent.on('error', reject)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

/** `/readyz` answers in plain text. */
function parsed(text: string): unknown {
  return text.startsWith('{') ? JSON.parse(text) : text
}

const kubeconfigSchema = z.looseObject({
  clusters: z
    .array(
      z.looseObject({
        cluster: z.looseObject({ server: z.string(), 'certificate-authority-data': z.string() }),
      }),
    )
    .min(1),
  users: z.array(z.looseObject({ user: z.looseObject({ token: z.string() }) })).min(1),
})

/** Reads server, CA certificate and token from a kubeconfig of a lab. */
export function accessOf(kubeconfig: string): ApiAccess {
  const { clusters, users } = kubeconfigSchema.parse(JSON.parse(kubeconfig))
  const [cluster] = clusters
  const [user] = users
  if (cluster === undefined || user === undefined)
    throw new TypeError('a kubeconfig has a cluster and a user')
  return {
    server: cluster.cluster.server,
    authority: Buffer.from(cluster.cluster['certificate-authority-data'], 'base64').toString(),
    token: user.user.token,
  }
}
