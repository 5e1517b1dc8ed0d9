/** The credential plugin of a kubeconfig is run once for all requests, and one that hangs is killed. Real programs. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Api } from '../../../harness/targets/cluster/api-client.ts'
import { withCredentials } from '../../../harness/targets/cluster/exec-credentials.ts'
import { configFor } from '../../../harness/targets/cluster/kubeconfig.ts'
import { missingPermissions, permissionsIn } from '../../../harness/targets/cluster/permissions.ts'
import { temporaryFolder } from '../../support/rack-file.ts'

/** A plugin that notes each of its runs. */
function plugin(script: string): { readonly command: string; readonly runs: () => number } {
  const folder = temporaryFolder()
  const [command, log] = [join(folder, 'plugin'), join(folder, 'runs')]
  writeFileSync(command, `#!/bin/sh\necho run >>'${log}'\n${script}\n`)
  chmodSync(command, 0o755)
  return { command, runs: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').length : 0) }
}

const credential = (status: object): string =>
  `echo '${JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status })}'`

function configWith(command: string, server = 'http://127.0.0.1:1') {
  const text = JSON.stringify({
    clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { exec: { command, args: [], env: [{ name: 'PART', value: 'one' }] } } }],
    contexts: [{ name: 'test', context: { cluster: 'c', user: 'u' } }],
  })
  return configFor({ kubeconfig: { text }, context: 'test' })
}

test('26 requests of two clients at once run the plugin once', async () => {
  const { command, runs } = plugin(`[ "$PART" = one ] && ${credential({ token: 'secret' })}`)
  const tokens = new Set<string | undefined>()
  const server = createServer((request, response) => {
    tokens.add(request.headers.authorization)
    response.end(JSON.stringify({ status: { allowed: true } }))
  })
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const clients = [new Api(configWith(command, address)), new Api(configWith(command, address))]
  expect(
    (await Promise.all(clients.map((api) => missingPermissions(api, permissionsIn(undefined))))).flat(),
  ).toEqual([])
  expect([...tokens]).toEqual(['Bearer secret'])
  expect(runs()).toBe(1)
})

test('a plugin receives the same input as from kubectl, and runs again when its credentials have expired', async () => {
  const past = new Date(0).toISOString()
  const { command, runs } = plugin(
    `case $KUBERNETES_EXEC_INFO in *ExecCredential*) ${credential({ token: 'a', expirationTimestamp: past })} ;; esac`,
  )
  const config = configWith(command)
  await withCredentials(config)
  expect(runs()).toBe(2)
  expect((await withCredentials(config)).getCurrentUser()?.token).toBe('a')
})

test.for([
  ['hangs', 'sleep 60 & wait', 'did not end within 0.5 s'],
  ['fails', 'echo "log in first" >&2; exit 1', 'log in first'],
  ['prints something else', 'echo "{}"', 'did not print an ExecCredential'],
  ['prints without end', 'yes', 'failed'],
] as const)('a plugin that %s is an error', async ([, script, expected]) => {
  const { command } = plugin(script)
  await expect(withCredentials(configWith(command), 500)).rejects.toMatchObject({
    code: 'API_UNREACHABLE',
    message: expect.stringContaining(expected) as string,
  })
})

test('a plugin that is not installed is named', async () => {
  await expect(withCredentials(configWith('/nowhere/plugin'))).rejects.toThrow(
    'credential plugin /nowhere/plugin failed',
  )
})
