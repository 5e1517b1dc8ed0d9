/** The output and exit codes of doctor, discover, plan and sweep, on a rack and on an API server. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { seconds } from '../../harness/core/units.ts'
import { loadSku } from '../../harness/sku/sku.ts'
import { removeNamespace } from '../../harness/targets/cluster/run-namespace.ts'
import { openClient } from '../../harness/targets/cluster/cluster-run.ts'
import { temporaryFolder } from '../support/rack-file.ts'
import { PROJECT } from '../support/run-suite.ts'
import { fakeNodeCluster } from '../targets/cluster/fake-node-cluster.ts'
import { claimcheck } from './claimcheck.ts'

const cluster = fakeNodeCluster()
const SKU = join(PROJECT, 'fixtures/skus/h100x8.yaml')
const on = (context: string, more: Readonly<Record<string, string>> = {}) => ({
  CLAIMCHECK_TARGET: 'cluster',
  CLAIMCHECK_CONTEXT: context,
  KUBECONFIG: cluster.plane.kubeconfig,
  ...more,
})

describe('doctor', () => {
  test('on the emulated rack, on a complete cluster, and for a user without permissions', async () => {
    const rack = await claimcheck(['doctor'], { CLAIMCHECK_RUNTIME: 'model' })
    expect(rack).toMatchObject({ exitCode: 0, stderr: '' })
    expect(rack.stdout).toContain('✓ driver dra.net publishes 16 RDMA NICs on 2 nodes')
    const admin = await claimcheck(['doctor'], on('admin', { CLAIMCHECK_SKU: SKU }))
    expect(admin).toMatchObject({ exitCode: 0, stderr: '' })
    expect(admin.stdout).toMatch(/✓ API server https:.* serves resource\.k8s\.io\/v1/)
    expect(admin.stdout).toContain('✓ the published topology matches SKU h100x8')
    const nobody = await claimcheck(['doctor'], on('nobody'))
    expect(nobody.exitCode).toBe(1)
    expect(nobody.stdout).toContain(
      '✗ the permission to list resourceslices.resource.k8s.io, see deploy/base/rbac.yaml',
    )
    expect(nobody.stdout).toMatch(/\d+ missing\.$/)
  })

  test('names the configured context and never uses the current one', async () => {
    const near = await claimcheck(['doctor'], on('admn'))
    expect(near).toMatchObject({ exitCode: 1 })
    expect(near.stdout).toContain('Did you mean admin?')
    const { CLAIMCHECK_CONTEXT: _, ...none } = on('')
    expect((await claimcheck(['doctor'], none)).stdout).toContain('CLAIMCHECK_CONTEXT is required')
  })

  test('counts a missing DeviceClass', async () => {
    await cluster.plane.kubectl(['delete', 'deviceclass', 'dranet.net'])
    const said = await claimcheck(['doctor'], on('admin'))
    await cluster.plane.apply({
      apiVersion: 'resource.k8s.io/v1',
      kind: 'DeviceClass',
      metadata: { name: 'dranet.net' },
      spec: { selectors: [{ cel: { expression: 'device.driver == "dra.net"' } }] },
    })
    expect(said).toMatchObject({ exitCode: 1 })
    expect(said.stdout).toContain(
      '✗ a DeviceClass of driver dra.net, usually dranet.net; the cluster has gpu.nvidia.com',
    )
  })
})

describe('discover', () => {
  test.for(['rack', 'cluster'])('prints a valid profile of a %s', async (where) => {
    const said = await claimcheck(['discover'], where === 'rack' ? {} : on('admin'))
    expect(said).toMatchObject({ exitCode: 0, stderr: '' })
    const path = join(temporaryFolder(), 'sku.yaml')
    // The drivers publish no NUMA node of the GPUs.
    expect(said.stdout.match(/numaNode: FILL_IN/g)).toHaveLength(8)
    writeFileSync(path, said.stdout.replaceAll('numaNode: FILL_IN', 'numaNode: 0'))
    const [found, known] = [loadSku(path), loadSku(SKU)]
    expect(found.gpus.map(({ pciBusID }) => pciBusID)).toEqual(known.gpus.map(({ pciBusID }) => pciBusID))
    expect(found.nics.map(({ pciAddress, numaNode, ifName }) => [pciAddress, numaNode, ifName])).toEqual(
      known.nics.map(({ pciAddress, numaNode, ifName }) => [pciAddress, numaNode, ifName]),
    )
    expect(found.nic.mtu).toBe(9000)
    expect(found.reference).toEqual({ source: 'none yet' })
  })

  test('prints with --probe --dry-run the objects of a probe, and creates none', async () => {
    const said = await claimcheck(['discover', '--probe', '--dry-run'], on('admin'))
    expect(said).toMatchObject({ exitCode: 0 })
    const objects = parseAllDocuments(said.stdout).map((document) => document.toJS() as { kind: string })
    expect(objects.map(({ kind }) => kind)).toEqual(['Namespace', 'Pod'])
    expect(said.stdout).not.toContain('resourceClaims')
    expect(await cluster.plane.kubectl(['get', 'namespaces', '-o', 'name'])).not.toContain('claimcheck-')
  })

  test('fails for a node that publishes nothing', async () => {
    const said = await claimcheck(['discover', '--node', 'node-x'])
    expect(said).toMatchObject({ exitCode: 1, stdout: '' })
    expect(said.stderr).toContain(
      'publishes no GPUs and RDMA NICs of node node-x: expected one of node-a, node-b',
    )
  })
})

describe('plan', () => {
  test('prints objects that the API server accepts and the devices they match, and creates none', async () => {
    const said = await claimcheck(['plan', 'suites/numa'], on('admin', { CLAIMCHECK_SKU: SKU }))
    expect(said).toMatchObject({ exitCode: 0, stderr: '' })
    expect(said.stdout).toMatch(/#   node-a nic \(4\): pci-0101-00-00-0, pci-0102/)
    expect(said.stdout).toMatch(/# Comparison kv-1gib, 1 GiB, 100 iterations after 20/)
    const objects = parseAllDocuments(said.stdout)
      .map((document) => document.toJS() as { kind: string; metadata: { name: string } } | null)
      .filter((object) => object !== null)
    expect(new Set(objects.map(({ kind }) => kind))).toEqual(
      new Set(['Namespace', 'ResourceClaimTemplate', 'Secret', 'Pod']),
    )
    expect(await cluster.plane.kubectl(['get', 'namespaces', '-o', 'name'])).not.toContain('claimcheck-')
    const text = said.stdout.replaceAll('<run>', 'dry')
    const namespace = text.split('---\n').find((part) => part.includes('kind: Namespace'))
    await cluster.plane.kubectl(['apply', '-f', '-'], { input: namespace ?? '' })
    await cluster.plane.kubectl(['apply', '--dry-run=server', '-f', '-'], { input: text })
    await cluster.plane.kubectl(['delete', 'namespace', 'claimcheck-dry'])
  })

  test('fails for a folder without suites, and without a profile', async () => {
    expect(await claimcheck(['plan', 'docs'])).toMatchObject({ exitCode: 1, stdout: '' })
    const said = await claimcheck(['plan'], on('admin'))
    expect(said.stderr).toContain('CLAIMCHECK_SKU is needed to plan a run')
  })
})

/** Ids of runs. */
const [OLD, YOUNG, STUCK] = ['01d00000', '59000000', '57000000']

describe('sweep', () => {
  const left = (name: string, expires: string) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: `claimcheck-${name}`,
      labels: { 'claimcheck.dev/run': name, 'app.kubernetes.io/managed-by': 'claimcheck' },
      annotations: { 'claimcheck.dev/expires': expires },
    },
  })

  test('removes what has expired, and the rest only with --yes', async () => {
    const env = on('admin', { CLAIMCHECK_CACHE_DIR: temporaryFolder() })
    await cluster.plane.apply(left(OLD, '2020-01-01T00:00:00Z'), left(YOUNG, '2099-01-01T00:00:00Z'), {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'claimcheck-by-hand' },
    })
    const dry = await claimcheck(['sweep', '--dry-run'], env)
    expect(dry.exitCode).toBe(0)
    expect(dry.stdout).toContain(
      `Would remove Namespace claimcheck-${OLD} on admin, expired 2020-01-01T00:00:00Z\n`,
    )
    expect(dry.stdout).toContain('expires 2099-01-01T00:00:00Z (after a confirmation)')
    const refused = await claimcheck(['sweep'], env)
    expect(refused.exitCode).toBe(1)
    expect(refused.stdout).toContain(`Removed Namespace claimcheck-${OLD}`)
    expect(refused.stderr).toMatch(
      /NOT_SWEPT: Namespace claimcheck-59000000 .*no terminal to confirm its removal.*--yes/,
    )
    expect(await claimcheck(['sweep', '--yes'], env)).toMatchObject({ exitCode: 0, stderr: '' })
    const names = await cluster.plane.kubectl(['get', 'namespaces', '-o', 'name'])
    expect(names).not.toMatch(/claimcheck-(01d00000|59000000)/)
    expect(names).toContain('claimcheck-by-hand')
  })

  test('keeps Namespaces of others that carry the labels of a run, however old', async () => {
    const forged = (name: string, run: string) => {
      const { metadata, ...namespace } = left(run, '2020-01-01T00:00:00Z')
      return { ...namespace, metadata: { ...metadata, name } }
    }
    const others = [
      'kube-system',
      'kube-public',
      'kube-node-lease',
      'default',
      'openshift-monitoring',
      'claimcheck-system',
      'claimcheck-0badcafe-2',
    ]
    await cluster.plane.apply(
      ...others.map((name) => forged(name, '0badcafe')),
      forged('kube-flannel', 'kube-flannel'),
      forged('claimcheck-deadbeef', '0badcafe'),
    )
    const env = on('admin', { CLAIMCHECK_CACHE_DIR: temporaryFolder() })
    const swept = await claimcheck(['sweep', '--yes'], env)
    expect(swept).toMatchObject({ exitCode: 0, stdout: 'Nothing was left behind.' })
    const names = await cluster.plane.kubectl(['get', 'namespaces', '-o', 'name'])
    expect(names.split('\n')).toEqual(
      expect.arrayContaining(
        [...others, 'kube-flannel', 'claimcheck-deadbeef'].map((name) => `namespace/${name}`),
      ),
    )
    // Those of the system stay as they were for the other tests.
    await cluster.plane.kubectl([
      'label',
      'namespace',
      '--all',
      'claimcheck.dev/run-',
      'app.kubernetes.io/managed-by-',
    ])
  })

  test('names what prevents the deletion of a Namespace', async () => {
    await cluster.plane.apply(left(STUCK, '2020-01-01T00:00:00Z'), {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'held', namespace: `claimcheck-${STUCK}`, finalizers: ['example.com/nobody'] },
    })
    const client = openClient({ kubeconfig: [cluster.plane.kubeconfig], context: 'admin' })
    const going = removeNamespace(client, `claimcheck-${STUCK}`, { within: seconds(8) })
    await expect(going).rejects.toMatchObject({
      code: 'NAMESPACE_STUCK',
      message: expect.stringMatching(
        /Namespace claimcheck-57000000 was not deleted within 8 s: its phase is Terminating.*example\.com\/nobody/,
      ),
    })
    await cluster.api.send('PATCH', `/api/v1/namespaces/claimcheck-${STUCK}/configmaps/held`, {
      metadata: { finalizers: null },
    })
  })
})
