/** Responses of an API server become typed errors, and requests are retried where that can help. The server is real HTTP. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { Api } from '../../../harness/targets/cluster/api-client.ts'
import { ApiError } from '../../../harness/targets/cluster/api-error.ts'
import { Informer } from '../../../harness/targets/cluster/informer.ts'
import { configFor } from '../../../harness/targets/cluster/kubeconfig.ts'
import { ObjectClient } from '../../../harness/targets/cluster/object-client.ts'
import { parsePod } from '../../../harness/targets/cluster/object-schemas.ts'
import { pods } from '../../../harness/targets/cluster/api-resources.ts'
import { seconds } from '../../../harness/core/units.ts'

type Respond = (response: ServerResponse, url: string) => void

async function serve(...responses: readonly Respond[]): Promise<{ api: Api; requests: string[] }> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    const respond = responses[Math.min(requests.length, responses.length) - 1]
    respond?.(response, request.url ?? '')
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const text = JSON.stringify({
    clusters: [
      { name: 'c', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } },
    ],
    users: [{ name: 'u', user: { token: 'none' } }],
    contexts: [{ name: 'test', context: { cluster: 'c', user: 'u' } }],
  })
  return { api: new Api(configFor({ kubeconfig: { text }, context: 'test' })), requests }
}

const status =
  (code: number, body: object, headers: Readonly<Record<string, string>> = {}): Respond =>
  (response) => {
    response.writeHead(code, headers)
    response.end(JSON.stringify({ kind: 'Status', code, ...body }))
  }
const json =
  (body: object): Respond =>
  (response) =>
    void response.end(JSON.stringify(body))

const listPods = { verb: 'list', resource: 'pods', subject: 'pods', path: '/api/v1/pods' }

test('a refused request has status and reason as fields', async () => {
  const { api, requests } = await serve(status(409, { message: 'it has changed', reason: 'Conflict' }))
  const error = await api.json(listPods).catch((one: unknown) => one)
  expect(error).toBeInstanceOf(ApiError)
  expect(error).toMatchObject({
    code: 'API_REFUSED',
    status: 409,
    reason: 'Conflict',
    message: 'pods could not be listed: it has changed',
  })
  expect(requests).toHaveLength(1)
})

test('a request that RBAC denies names the permission', async () => {
  const message =
    'pods is forbidden: User "u" cannot list resource "pods" in API group "" at the cluster scope'
  const { api } = await serve(status(403, { message, reason: 'Forbidden' }))
  await expect(api.json(listPods)).rejects.toMatchObject({
    code: 'RBAC_DENIED',
    status: 403,
    message: expect.stringContaining('pods requires permission to list pods'),
  })
})

test('a throttled request is sent again', async () => {
  const { api, requests } = await serve(
    status(429, { message: 'too many requests' }, { 'Retry-After': '1' }),
    json({ items: [] }),
  )
  expect(await api.json(listPods)).toEqual({ items: [] })
  expect(requests).toHaveLength(2)
})

test('a creation that conflicts with itself, after its response was lost, has succeeded', async () => {
  const conflict = status(409, { message: 'pods "one" already exists', reason: 'AlreadyExists' })
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'one', namespace: 'here' } }
  const lost = await serve((response) => void response.destroy(), conflict)
  await expect(new ObjectClient(lost.api).create(pods, pod)).resolves.toBeUndefined()
  expect(lost.requests.map((one) => one.split('?')[0])).toEqual(
    Array(2).fill('POST /api/v1/namespaces/here/pods'),
  )
  const taken = await serve(conflict)
  await expect(new ObjectClient(taken.api).create(pods, pod)).rejects.toMatchObject({ status: 409 })
  const throttled = await serve(status(429, { message: 'too many requests' }), conflict)
  await expect(new ObjectClient(throttled.api).create(pods, pod)).rejects.toMatchObject({ status: 409 })
})

test('Retry-After is a field of the error, in seconds', async () => {
  const { api } = await serve(status(429, { message: 'too many requests' }, { 'Retry-After': '7' }))
  await expect(api.open(listPods)).rejects.toMatchObject({ status: 429, retryAfterSeconds: 7 })
})

test('an informer lists again when its resource version has expired', async () => {
  const list = json({ metadata: { resourceVersion: '1' }, items: [] })
  const expired = json({ type: 'ERROR', object: { kind: 'Status', code: 410, message: 'too old' } })
  const later = json({
    metadata: { resourceVersion: '9' },
    items: [{ metadata: { name: 'late', uid: '1' }, spec: {} }],
  })
  const { api, requests } = await serve(list, expired, later, () => undefined)
  const informer = new Informer({ api, resource: pods, parse: parsePod })
  onTestFinished(() => informer.stop())
  const wait = { subject: 'pod late', until: 'to be listed', within: seconds(10) }
  expect((await informer.until(() => informer.get('late'), wait)).metadata.name).toBe('late')
  expect(requests.filter((one) => !one.includes('watch=true'))).toHaveLength(2)
})

/** Sends the same text until the caller hangs up. */
const endless =
  (code: number, text: string): Respond =>
  (response) => {
    response.writeHead(code)
    const send = (): void => {
      while (response.write(text)) if (response.destroyed) return
    }
    response.on('drain', send)
    response.on('error', () => undefined)
    send()
  }

test('a response without end is refused', async () => {
  const { api } = await serve(endless(200, ' '.repeat(2 ** 20)))
  await expect(api.json(listPods)).rejects.toMatchObject({
    code: 'API_REFUSED',
    message: expect.stringContaining('the response is too large') as string,
  })
})

test('a refusal without end is cut', async () => {
  const { api } = await serve(endless(400, 'x'.repeat(2 ** 16)))
  const error = await api.json(listPods).catch((one: unknown) => one)
  expect(error).toMatchObject({ code: 'API_REFUSED' })
  expect(String(error).length).toBeLessThan(1000)
})

test('a response that is nested without bound is refused', async () => {
  const { api } = await serve((response) => void response.end('['.repeat(1e6)))
  await expect(api.json(listPods)).rejects.toMatchObject({
    code: 'API_REFUSED',
    message: expect.stringContaining('not acceptable JSON') as string,
  })
})

test.for([
  ['contexts: [{ name: [], context: { cluster: c, user: u } }]', ':1:20 at contexts[0].name'],
  ['clusters: [{ name: c, cluster: { server: 5 } }]', ':1:42 at clusters[0].cluster.server'],
  ['users: [{ name: u, user: x }]', ':1:26 at users[0].user'],
  ['[', 'is not YAML'],
] as const)('the kubeconfig %s is an error', ([text, expected]) => {
  expect(() => configFor({ kubeconfig: { text }, context: 'test' })).toThrow(
    expect.objectContaining({ code: 'FILE_INVALID', message: expect.stringContaining(expected) as string }),
  )
})
