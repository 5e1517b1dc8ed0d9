/**
 * The context `in-cluster`: a process with the files and variables that a pod has, in a mount namespace of its own, and one
 * without them.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { claimcheck } from '../../cli/claimcheck.ts'
import { temporaryFolder } from '../../support/rack-file.ts'
import { PROJECT } from '../../support/run-suite.ts'
import { fakeNodeCluster } from './fake-node-cluster.ts'

const cluster = fakeNodeCluster()
const env = {
  CLAIMCHECK_TARGET: 'cluster',
  CLAIMCHECK_CONTEXT: 'in-cluster',
  CLAIMCHECK_NAMESPACE: 'claimcheck',
}

test('uses the ServiceAccount of the pod, with the rights of deploy/overlays/namespace/rbac.yaml', async () => {
  const rights = join(PROJECT, 'deploy/overlays/namespace/rbac.yaml')
  await cluster.plane.kubectl(['apply', '-f', rights])
  const folder = temporaryFolder()
  const account = ['claimcheck', '--namespace', 'claimcheck']
  writeFileSync(join(folder, 'token'), await cluster.plane.kubectl(['create', 'token', ...account]))
  writeFileSync(join(folder, 'namespace'), 'claimcheck')
  const pem = readFileSync(join(cluster.plane.folder, 'certificates/apiserver.crt'))
  writeFileSync(join(folder, 'ca.crt'), pem)
  const { port } = new URL(cluster.plane.server)
  const files = '/run/secrets/kubernetes.io/serviceaccount'
  const script = `mount -t tmpfs tmpfs /run && mkdir -p ${files} && cp "$1"/* ${files} && exec node bin/claimcheck.js doctor`
  const said = await execa('unshare', ['--mount', 'sh', '-c', script, 'sh', folder], {
    cwd: PROJECT,
    preferLocal: true,
    reject: false,
    env: { ...env, KUBECONFIG: '/none', KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: port },
  })
  expect(said.stdout + said.stderr).toContain('✓ all 21 permissions of deploy/overlays/namespace/rbac.yaml')
  expect(said.stdout).toContain('✓ driver dra.net publishes 16 RDMA NICs on 2 nodes')
})

test('is refused outside a pod, with what a pod would have', async () => {
  const { KUBERNETES_SERVICE_HOST: _, ...outside } = process.env
  const said = await claimcheck(['doctor'], { ...outside, ...env })
  expect(said.exitCode).not.toBe(0)
  expect(said.stdout).toContain(
    'CLAIMCHECK_CONTEXT is in-cluster, but this process is not in a pod with a token of its ServiceAccount',
  )
  expect(said.stdout).toContain('missing: the variable KUBERNETES_SERVICE_HOST, ')
})

test('is named in a pod that has no kubeconfig', async () => {
  const pod = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBECONFIG: '/none' }
  const said = await claimcheck(['doctor'], { ...env, CLAIMCHECK_CONTEXT: 'prod', ...pod })
  expect(said.exitCode).not.toBe(0)
  expect(said.stdout).toContain('kubeconfig /none does not exist')
  expect(said.stdout).toContain('In this pod, set CLAIMCHECK_CONTEXT=in-cluster to use its ServiceAccount')
})
