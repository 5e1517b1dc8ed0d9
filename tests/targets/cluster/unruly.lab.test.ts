/** Networks that break and API servers that are busy: a run goes on, or says who did not answer. */
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { UnrulyProxy } from '../../support/unruly-proxy.ts'
import { claimOf, podOf, SOON } from '../emulated/rack-target.ts'
import { paperCluster, targetOn } from './paper-cluster.ts'
import type { ClusterTarget } from '../../../harness/targets/cluster/cluster-target.ts'

const cluster = paperCluster()
let proxy: UnrulyProxy

beforeEach(async () => {
  const own = await UnrulyProxy.before(cluster.plane)
  proxy = own
  onTestFinished(() => own.stop())
})

const through = (): ClusterTarget =>
  targetOn(cluster, { connection: { kubeconfig: { text: proxy.kubeconfig }, context: 'unruly' } })

/** The whole way once, with `trouble` after the devices are there. */
async function runWith(trouble: (target: ClusterTarget) => Promise<void> | void): Promise<ClusterTarget> {
  const target = through()
  const pod = await target.schedule(podOf(await claimOf(target, 1, 1)), SOON)
  await trouble(target)
  await target.run(pod, SOON)
  await target.release([pod], SOON)
  expect(await cluster.plane.kubectl(['get', 'resourceclaims', '-A', '-o', 'name'])).toBe('')
  return target
}

describe('watches', () => {
  test('that are cut are taken up again, and count once', async () => {
    const target = await runWith(() => expect(proxy.cut()).toBe(3))
    expect(target.requests.get('watch pods')).toBe(1)
    expect(
      proxy.seen.filter((one) => one.includes('/pods?') && one.includes('watch=true')).length,
    ).toBeGreaterThan(1)
  })

  test('whose version is gone list again', async () => {
    const target = await runWith(async () => {
      proxy.say({ type: 'ERROR', object: { kind: 'Status', code: 410, message: 'too old resource version' } })
      await expect.poll(() => proxy.seen.filter((one) => /GET .*\/pods$/.test(one)).length).toBe(2)
    })
    expect(target.requests.get('list pods')).toBe(2)
  })

  test('that are silent for longer than a client may wait stay open', async () => {
    const target = through()
    await target.slices()
    await sleep(35_000)
    expect(proxy.seen.filter((one) => one.includes('watch=true'))).toHaveLength(1)
    expect((await target.slices()).length).toBe(4)
  })
})

describe('requests', () => {
  test('that are throttled wait as long as they are told', async () => {
    const target = through()
    const times: number[] = []
    proxy.misbehave = ({ method, url = '' }, answer) => {
      if (method !== 'PATCH' || !url.includes('/namespaces/')) return false
      times.push(performance.now())
      if (times.length > 1) return false
      answer.writeHead(429, { 'Retry-After': '2', 'Content-Type': 'application/json' })
      answer.end(JSON.stringify({ kind: 'Status', message: 'too many requests', code: 429 }))
      return true
    }
    await claimOf(target, 1, 1)
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(1900)
  })

  test('whose connection breaks are sent again', async () => {
    let broken = 0
    proxy.misbehave = ({ method }, answer) => {
      if (method !== 'PATCH' || broken >= 2) return false
      broken++
      answer.destroy()
      return true
    }
    await runWith(() => undefined)
    expect(broken).toBe(2)
  })

  test('that a proxy answers in its own words are told as they are', async () => {
    proxy.misbehave = (_asked, answer) => {
      answer.writeHead(418, { 'Content-Type': 'text/html' })
      answer.end('<h1>teapot</h1>')
      return true
    }
    await expect(through().slices()).rejects.toMatchObject({
      code: 'API_REFUSED',
      message: 'resourceslices could not be listed: <h1>teapot</h1>',
    })
  })
})
