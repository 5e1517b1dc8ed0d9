/** A run in a Namespace that somebody else made writes there only, one run at a time, and leaves what it found. */
import { beforeEach, describe, expect, test } from 'vitest'
import { seconds } from '../../../harness/core/units.ts'
import {
  beginRun,
  endRun,
  openClient,
  type ClusterRun,
} from '../../../harness/targets/cluster/cluster-run.ts'
import { leaseManifest } from '../../../harness/targets/cluster/run-lease.ts'
import { claimcheck } from '../../cli/claimcheck.ts'
import { claimOf, podOf, SOON, TARGET_CONTAINER } from '../../support/emulated-target.ts'
import { fakeNodeCluster, targetOn } from './fake-node-cluster.ts'

const NAMESPACE = 'acceptance'
const cluster = fakeNodeCluster()
const DAY_MS = 24 * 60 * 60_000

const connection = () => ({ kubeconfig: [cluster.plane.kubeconfig], context: 'admin' })
const begin = (namespace = NAMESPACE): Promise<ClusterRun> =>
  beginRun(
    {
      kind: 'cluster',
      connection: connection(),
      delivery: { kind: 'image', image: 'none' },
      resources: { cpu: '100m', memory: '64Mi' },
    },
    () => undefined,
    namespace,
  )
const env = () => ({
  CLAIMCHECK_TARGET: 'cluster',
  CLAIMCHECK_CONTEXT: 'admin',
  CLAIMCHECK_NAMESPACE: NAMESPACE,
  KUBECONFIG: cluster.plane.kubeconfig,
})
const objects = (kinds: string): Promise<string> =>
  cluster.plane.kubectl(['get', kinds, '--namespace', NAMESPACE, '--output', 'name'])
const ALL = 'leases,pods,secrets,resourceclaims,resourceclaimtemplates'

beforeEach(async () => {
  await cluster.plane.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } })
})

describe('a run', () => {
  test('makes no Namespace, and leaves nothing in the existing one', async () => {
    const before = await cluster.plane.kubectl(['get', 'namespaces', '--output', 'name'])
    const run = await begin()
    const target = targetOn(cluster, run)
    expect(target.namespace).toBe(NAMESPACE)
    const template = await claimOf(target, 4, 4)
    const pod = await target.schedule(podOf(template, { containers: [TARGET_CONTAINER] }), SOON)
    expect(pod.claim.metadata).toMatchObject({ labels: { 'claimcheck.dev/run': run.runId } })
    expect(await objects('pods,secrets')).toMatch(/pod\/\S+\nsecret\/\S+/)
    await target.release([pod], SOON)
    await target.close()
    await endRun(run)
    await expect.poll(() => objects(ALL), { timeout: 20_000 }).toBe('')
    expect(await cluster.plane.kubectl(['get', 'namespaces', '--output', 'name'])).toBe(before)
  })

  test('whose process ended without a release is removed with its Lease', async () => {
    const run = await begin()
    const target = targetOn(cluster, run)
    await target.schedule(podOf(await claimOf(target, 4, 4), { containers: [TARGET_CONTAINER] }), SOON)
    await endRun(run)
    await expect.poll(() => objects(ALL), { timeout: 20_000 }).toBe('')
  })

  test('does not take over an object of somebody else', async () => {
    const run = await begin()
    const target = targetOn(cluster, run)
    const template = await claimOf(target, 1, 1)
    const spec = podOf(template, { name: 'theirs' })
    await cluster.plane.kubectl(['run', 'theirs', '--image', 'none', '--namespace', NAMESPACE])
    await expect(target.schedule(spec, SOON)).rejects.toMatchObject({
      code: 'API_REFUSED',
      details: { status: 409 },
    })
    await target.close()
    await endRun(run)
    expect(await objects('pods')).toBe('pod/theirs')
    await cluster.plane.kubectl(['delete', 'pod', 'theirs', '--namespace', NAMESPACE, '--force'])
  })
})

test('the error for a Pod Security level that forbids the pods names the label that allows them', async () => {
  const label = 'pod-security.kubernetes.io/enforce'
  await cluster.plane.kubectl(['label', 'namespace', NAMESPACE, `${label}=baseline`])
  const run = await begin()
  const target = targetOn(cluster, run)
  await expect(target.schedule(podOf(await claimOf(target, 1, 1)), SOON)).rejects.toMatchObject({
    code: 'API_REFUSED',
    message: expect.stringMatching(
      /violates PodSecurity "baseline:latest".*IPC_LOCK.* Label the Namespace pod-security\.kubernetes\.io\/enforce=privileged\./s,
    ) as string,
  })
  await target.close()
  await endRun(run)
  await cluster.plane.kubectl(['label', 'namespace', NAMESPACE, `${label}-`])
})

describe('a second run', () => {
  test('is refused while the first one has not ended', async () => {
    const run = await begin()
    await expect(begin()).rejects.toMatchObject({
      code: 'NAMESPACE_IN_USE',
      message: expect.stringContaining(`Lease claimcheck of run ${run.runId}, which expires 20`) as string,
    })
    await endRun(run)
    await endRun(await begin())
  })

  test('removes one that has expired', async () => {
    const client = openClient(connection())
    const stale = leaseManifest(NAMESPACE, '0badcafe', Date.now() - DAY_MS)
    await client.apply(
      { kind: 'Lease', group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true },
      stale,
    )
    const run = await begin()
    expect(run.runId).not.toBe('0badcafe')
    await endRun(run)
  })

  test('is refused by a Lease of somebody else', async () => {
    await cluster.plane.apply({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'claimcheck', namespace: NAMESPACE },
      spec: { holderIdentity: 'an operator' },
    })
    await expect(begin()).rejects.toMatchObject({
      code: 'NAMESPACE_IN_USE',
      message: expect.stringContaining('Lease claimcheck of run an operator, which expires never') as string,
    })
    expect((await claimcheck(['sweep', '--yes'], env())).stdout).not.toContain('an operator')
    expect(await objects('leases')).toBe('lease.coordination.k8s.io/claimcheck')
    await cluster.plane.kubectl(['delete', 'lease', 'claimcheck', '--namespace', NAMESPACE])
  })
})

test('a Namespace that does not exist is named', async () => {
  await expect(begin('elsewhere')).rejects.toMatchObject({
    code: 'VARIABLE_INVALID',
    message: expect.stringMatching(
      /^CLAIMCHECK_NAMESPACE names a Namespace that does not exist: .*kubectl create namespace elsewhere/s,
    ) as string,
  })
})

test('a Namespace of the system is refused', async () => {
  const said = await claimcheck(['doctor'], { ...env(), CLAIMCHECK_NAMESPACE: 'kube-system' })
  expect(said.exitCode).not.toBe(0)
  expect(said.stdout + said.stderr).toContain('names a Namespace of the system')
})

test('sweep removes the run that a killed process left', async () => {
  const run = await begin()
  const target = targetOn(cluster, run)
  await target.schedule(podOf(await claimOf(target, 1, 1)), { within: seconds(30) })
  const said = await claimcheck(['sweep', '--yes'], env())
  expect(said.stdout).toContain(`run ${run.runId} in Namespace ${NAMESPACE} on admin, expires `)
  await expect.poll(() => objects(ALL), { timeout: 20_000 }).toBe('')
})

test('plan prints the Lease and the objects of that Namespace', async () => {
  const said = await claimcheck(['plan', 'suites/numa'], { ...env(), CLAIMCHECK_SKU: 'h100x8' })
  expect(said).toMatchObject({ exitCode: 0, stderr: '' })
  expect(said.stdout).toMatch(/^---\napiVersion: coordination\.k8s\.io\/v1\nkind: Lease\n/)
  expect(said.stdout).not.toContain('kind: Namespace')
  expect(said.stdout.match(/^ {2}namespace: acceptance$/gm)?.length).toBeGreaterThan(5)
  expect(await objects('leases')).toBe('')
})
