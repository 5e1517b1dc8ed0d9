/** An API server that is away: a run waits for it as long as is sensible, goes on, and else names it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { seconds } from '../../../harness/core/units.ts'
import { claimOf, podOf, SOON } from '../emulated/rack-target.ts'
import { paperCluster, targetOn } from './paper-cluster.ts'

const cluster = paperCluster()
/** Kubernetes' controllers take up to a minute to come back to an API server that was away. */
const LATE = { within: seconds(180) }

test('for 20 s in the middle of a run: the run goes on and leaves nothing', async () => {
  const target = targetOn(cluster)
  const pod = await target.schedule(podOf(await claimOf(target, 1, 1)), SOON)
  await cluster.plane.stopApiServer()
  const back = sleep(20_000).then(() => cluster.plane.startApiServer())
  await Promise.all([back, target.run(pod, SOON).then(() => target.release([pod], LATE))])
  expect(await cluster.plane.kubectl(['get', 'pods,resourceclaims', '-A', '-o', 'name'])).toBe('')
})

test('for good: it is named', async () => {
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
