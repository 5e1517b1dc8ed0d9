/** A run continues through broken connections and overloaded API servers, and reports responses it cannot handle. */
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { FaultInjectingProxy } from '../../support/fault-injecting-proxy.ts'
import { claimOf, podOf, SOON } from '../../support/emulated-target.ts'
import { fakeNodeCluster, targetOn } from './fake-node-cluster.ts'
import type { ClusterTarget } from '../../../harness/targets/cluster/cluster-target.ts'

const cluster = fakeNodeCluster()
let proxy: FaultInjectingProxy

beforeEach(async () => {
  const own = await FaultInjectingProxy.start(cluster.plane)
  proxy = own
  onTestFinished(() => own.stop())
})

const through = (): ClusterTarget =>
  targetOn(cluster, { connection: { kubeconfig: { text: proxy.kubeconfig }, context: 'proxy' } })

/** Runs one pod from apply to release, with `fault` after it is scheduled. */
async function runWith(fault: (target: ClusterTarget) => Promise<void> | void): Promise<ClusterTarget> {
  const target = through()
  const pod = await target.schedule(podOf(await claimOf(target, 1, 1)), SOON)
  await fault(target)
  await target.run(pod, SOON)
  await target.release([pod], SOON)
  expect(await cluster.plane.kubectl(['get', 'resourceclaims', '-A', '-o', 'name'])).toBe('')
  return target
}

describe('watches', () => {
  test('reconnect when they are cut, and count once', async () => {
    const target = await runWith(() => expect(proxy.cut()).toBe(3))
    expect(target.requests.get('watch pods')).toBe(1)
    expect(
      proxy.seen.filter((one) => one.includes('/pods?') && one.includes('watch=true')).length,
    ).toBeGreaterThan(1)
  })

  test('list again when their resource version is gone', async () => {
    const target = await runWith(async () => {
      proxy.sendEvent({
        type: 'ERROR',
        object: { kind: 'Status', code: 410, message: 'too old resource version' },
      })
      await expect
        .poll(() => proxy.seen.filter((one) => /GET .*\/pods\?(?!.*watch=true)/.test(one)).length)
        .toBe(2)
    })
    expect(target.requests.get('list pods')).toBe(2)
  })

  test('stay open while no event arrives', async () => {
    const target = through()
    await target.slices()
    await sleep(35_000)
    expect(proxy.seen.filter((one) => one.includes('watch=true'))).toHaveLength(1)
    expect((await target.slices()).length).toBe(4)
  })
})

describe('requests', () => {
  test('wait for Retry-After when they are throttled', async () => {
    const target = through()
    const times: number[] = []
    proxy.inject = ({ method, url = '' }, answer) => {
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

  test('are sent again when their connection breaks', async () => {
    let broken = 0
    proxy.inject = ({ method }, answer) => {
      if (method !== 'PATCH' || broken >= 2) return false
      broken++
      answer.destroy()
      return true
    }
    await runWith(() => undefined)
    expect(broken).toBe(2)
  })

  test('report a response that is not from the API server as it is', async () => {
    proxy.inject = (_request, response) => {
      response.writeHead(418, { 'Content-Type': 'text/html' })
      response.end('<h1>teapot</h1>')
      return true
    }
    await expect(through().slices()).rejects.toMatchObject({
      code: 'API_REFUSED',
      message: 'resourceslices could not be listed: <h1>teapot</h1>',
    })
  })
})
