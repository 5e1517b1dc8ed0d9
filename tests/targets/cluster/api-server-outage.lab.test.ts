/** A run continues after a short outage of the API server, and names the server if it stays unreachable. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { seconds } from '../../../harness/core/units.ts'
import { claimOf, podOf, SOON } from '../../support/emulated-target.ts'
import { fakeNodeCluster, targetOn } from './fake-node-cluster.ts'

const cluster = fakeNodeCluster()
/** Kubernetes' controllers take up to a minute to reconnect after an outage of the API server. */
const AFTER_OUTAGE = { within: seconds(180) }

test('a run continues after an outage of 20 s and leaves no objects', async () => {
  const target = targetOn(cluster)
  const pod = await target.schedule(podOf(await claimOf(target, 1, 1)), SOON)
  await cluster.plane.stopApiServer()
  const restarted = sleep(20_000).then(() => cluster.plane.startApiServer())
  await Promise.all([restarted, target.run(pod, SOON).then(() => target.release([pod], AFTER_OUTAGE))])
  expect(await cluster.plane.kubectl(['get', 'pods,resourceclaims', '-A', '-o', 'name'])).toBe('')
})

test('a server that stays unreachable is named', async () => {
  const config = JSON.parse(cluster.plane.text) as { clusters: { cluster: { server: string } }[] }
  for (const one of config.clusters) one.cluster.server = 'https://127.0.0.1:1'
  const target = targetOn(cluster, {
    connection: { kubeconfig: { text: JSON.stringify(config) }, context: 'admin' },
  })
  await expect(target.slices()).rejects.toMatchObject({
    code: expect.stringMatching(/API_UNREACHABLE|DEADLINE/),
    message: expect.stringContaining('ECONNREFUSED'),
  })
})
