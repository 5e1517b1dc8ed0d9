/** A suite with one long comparison for tests that disturb a run in a lab, and the lookup of its running pods. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubernetesObject } from '@kubernetes/client-node'
import type { LabUnderTest } from './lab.ts'
import { rackFile } from './rack-file.ts'
import { scratchSuite } from './scratch-suite.ts'

export const transferSuite = (): readonly string[] =>
  scratchSuite(`
    const arms = sameGpus({ gpus: 4, nics: 4, gpusOn: 0, alignedOn: 0, unalignedOn: 1 })
    const kv = comparisonTest({ name: 'kv', arms, op: 'WRITE', size: 2 ** 30 })
    kv('a transfer', async ({ arms: { aligned, unaligned }, expect }) => {
      await expect(aligned).toOutperform(unaligned, { by: 1.01, in: 'bandwidth' })
    })`)

/** Variables for transfers that last long enough to be disturbed. */
export const longTransfers = (iters = 600): Record<string, string> => ({
  CLAIMCHECK_RACK: rackFile({ edit: (text) => text.replace('iters: 24', `iters: ${iters}`) }),
  CLAIMCHECK_ROUNDS: '2',
})

interface PodFields extends KubernetesObject {
  readonly spec?: { readonly nodeName?: string }
  readonly status?: { readonly phase?: string }
}

/** Resolves with a pod of a run whose name ends with `role`, once it is running. Rejects after two minutes. */
export async function runningPod(
  lab: LabUnderTest,
  role: string,
): Promise<{ name: string; namespace: string; node: string }> {
  for (const until = Date.now() + 120_000; Date.now() < until; await sleep(200)) {
    const { items } = await lab.api.list('v1', 'Pod')
    const found = items.find(
      (pod) =>
        pod.metadata?.namespace?.startsWith('claimcheck-') === true &&
        pod.metadata.name?.endsWith(role) === true &&
        (pod as PodFields).status?.phase === 'Running',
    )
    if (found?.metadata?.name !== undefined && found.metadata.namespace !== undefined) {
      const nodeName = (found as PodFields).spec?.nodeName
      if (nodeName !== undefined)
        return { name: found.metadata.name, namespace: found.metadata.namespace, node: nodeName }
    }
  }
  throw new Error(`no ${role} pod of a run was running within two minutes`)
}

/** Joins wrapped lines: every run of white space becomes one space. */
export const words = (text: string): string => text.replaceAll(/\s+/g, ' ')
