/**
 * Failures of a whole run on Kubernetes: the verdict, a message that names object and cause, and no objects left. Failures of
 * single pods are tested in tests/targets/cluster/pods.lab.test.ts.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished } from 'vitest'
import { sameGpus } from '../../../harness/claim/numa-placements.ts'
import { publicationOf } from '../../../harness/claim/publication.ts'
import { numaTemplate } from '../../../harness/claim/claim-template.ts'
import { seconds } from '../../../harness/core/units.ts'
import { temporaryFolder } from '../../support/rack-file.ts'
import { PROJECT, runSuite, verdictsOf, type SuiteRun } from '../../support/run-suite.ts'
import { scratchSuite } from '../../support/scratch-suite.ts'
import { longTransfers, runningPod, transferSuite, words } from '../../support/lab-runs.ts'
import { PatchStrategy } from '@kubernetes/client-node'
import { labTarget, RACK } from '../../support/lab-target.ts'
import { labTest as test, type LabUnderTest } from '../../support/lab.ts'

const SKU = join(PROJECT, 'fixtures/skus/h100x8.yaml')
const local = { gpus: 4, gpusOn: 0, nics: 4, nicsOn: 0 }

const claimingSuite = (placement: object = local): readonly string[] =>
  scratchSuite(`
    const one = podTest({ placement: gpusWithNics(${JSON.stringify(placement)}), containers: ['main'] })
    one('a pod', async ({ pods, expect }) => { await expect(pods).toListOnlyClaimedDevices() })`)

const run = (args: readonly string[], variables: Readonly<Record<string, string>>): Promise<SuiteRun> =>
  runSuite('scratch', variables, {}, args)

/** Variables for a run that treats the lab as a cluster with real hardware. */
const asCluster = (lab: LabUnderTest): Record<string, string> => ({
  CLAIMCHECK_TARGET: 'cluster',
  KUBECONFIG: lab.kubeconfig,
  CLAIMCHECK_CONTEXT: lab.context,
  CLAIMCHECK_SKU: SKU,
  CLAIMCHECK_IMAGE: 'claimcheck.dev/transfer:lab',
  CLAIMCHECK_POD_CPU: '10m',
})

/** Repeats `check` until it passes. */
async function eventually(check: () => Promise<void>, withinMs = 90_000): Promise<void> {
  for (const until = Date.now() + withinMs; ; await sleep(1000)) {
    try {
      return await check()
    } catch (error) {
      if (Date.now() > until) throw error
    }
  }
}

/** The path of a copy of the SKU with `edit` applied to its text. */
function skuFile(edit: (text: string) => string): string {
  const path = join(temporaryFolder(), 'sku.yaml')
  writeFileSync(path, edit(readFileSync(SKU, 'utf8')))
  return path
}

describe('A claim', () => {
  test('that cannot be satisfied is reported request by request', async ({ lab }) => {
    const sku = skuFile((text) => text.replace(/(mlx5_4.*numaNode: )1/, '$10'))
    const done = await run(claimingSuite({ ...local, nics: 5 }), {
      ...asCluster(lab),
      CLAIMCHECK_SKU: sku,
    })
    expect(verdictsOf(done.report), done.output).toEqual({ 'a pod': 'inconclusive CLAIM_UNSATISFIABLE' })
    expect(words(done.output)).toMatch(/nic.*5.*4/)
    expect(done.junit).toContain('<error type="CLAIM_UNSATISFIABLE"')
    await lab.requireClean()
  })

  test('whose DeviceClass is missing', async ({ lab }) => {
    const metadata = { name: 'dranet.net' }
    const kept = await lab.api.read({ apiVersion: 'resource.k8s.io/v1', kind: 'DeviceClass', metadata })
    await lab.api.delete(kept)
    onTestFinished(async () => void (await lab.api.create({ ...kept, metadata })))
    const done = await run(claimingSuite(), lab.variables)
    expect(verdictsOf(done.report), done.output).toEqual({ 'a pod': 'inconclusive DEVICE_CLASS_MISSING' })
    expect(words(done.output)).toContain('dranet.net')
    await lab.requireClean()
  })
})

describe('A pod', () => {
  test('whose devices cannot be prepared is reported with the event of the kubelet', async ({ lab }) => {
    const target = await labTarget({ namespace: { kind: 'own', removedBy: 'target' } })
    const { aligned } = sameGpus({ gpus: 1, nics: 1, gpusOn: 0, alignedOn: 0, unalignedOn: 1 })
    const template = numaTemplate(aligned, RACK.sku, { published: publicationOf(await target.slices()) })
    await target.apply(template)
    // A stopped process, so that the kubelet's call hangs as with a driver that is stuck.
    await lab.shell('node-a', 'pkill -STOP claimcheck-driv')
    onTestFinished(async () => void (await lab.shell('node-a', 'pkill -CONT claimcheck-driv')))
    const spec = { name: 'pod', group: 'pod', nodes: ['node-a'], template: template.metadata.name }
    const containers = [{ name: 'main', args: ['--mode', 'devices'] }]
    const pod = await target.schedule({ ...spec, containers }, { within: seconds(30) })
    await expect(target.run(pod, { within: seconds(75) })).rejects.toMatchObject({
      code: 'DEADLINE',
      message: expect.stringMatching(/pod pod on node-a.*FailedPrepareDynamicResources/s),
    })
    await lab.shell('node-a', 'pkill -CONT claimcheck-driv')
    await target.release([pod], { within: seconds(90) })
    await lab.requireReleased()
  })
})

describe('The cluster', () => {
  test('serves two concurrent runs, which wait for each other', async ({ lab }) => {
    const both = await Promise.all([1, 2].map(() => run(claimingSuite(), lab.variables)))
    for (const done of both) expect(verdictsOf(done.report), done.output).toEqual({ 'a pod': 'passed' })
    await lab.requireClean()
  })

  test('cannot remove a Namespace with an unserved finalizer: the run names the finalizer', async ({
    lab,
  }) => {
    const running = run(transferSuite(), { ...lab.variables, ...longTransfers(100) })
    const { namespace } = await runningPod(lab, 'initiator')
    const stuck = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'stuck', namespace } }
    await lab.api.create({ ...stuck, metadata: { ...stuck.metadata, finalizers: ['example.org/nobody'] } })
    const unfinalized = { ...stuck, metadata: { ...stuck.metadata, finalizers: [] } }
    onTestFinished(async () => {
      await lab.api.patch(unfinalized, undefined, undefined, undefined, undefined, PatchStrategy.MergePatch)
      await eventually(() => lab.requireClean())
    })
    const done = await running
    expect(done.exitCode).toBe(1)
    expect(words(done.output)).toMatch(new RegExp(`NAMESPACE_STUCK.*${namespace}.*example.org/nobody`))
  })
})
