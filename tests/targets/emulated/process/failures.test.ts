/** Failures in real pods: occupied ports, wrong secrets, killed programs and agents. Also the isolation of two racks. */
import { expect, test } from 'vitest'
import type { ContainerSpec, RunningPod } from '../../../../harness/scheduling/pod.ts'
import type { Target } from '../../../../harness/targets/target.ts'
import { TransferLog } from '../../../../harness/transfer/transfer-log.ts'
import { familyOf } from '../../../support/suite-process.ts'
import {
  claimOf,
  linesOf,
  TARGET_CONTAINER,
  podOf,
  rackTarget,
  SOON,
} from '../../../support/emulated-target.ts'

const SECRET = TARGET_CONTAINER.secretEnv ?? {}

const sending = (to: RunningPod, secretEnv: ContainerSpec['secretEnv'] = SECRET): ContainerSpec => ({
  name: 'main',
  args: [
    `--mode=initiator --target-host=${to.address} --devices=dram:0 --block-size=4096`,
    '--iters=3 --warmup-iters=1 --timeout-seconds=60',
  ].flatMap((options) => options.split(' ')),
  secretEnv,
})

async function run(target: Target, name: string, container: ContainerSpec): Promise<RunningPod> {
  const template = await claimOf(target, 1, 1)
  const spec = podOf(template, { name, group: 'pair', containers: [container] })
  return target.run(await target.schedule(spec, SOON), SOON)
}

async function transcriptOf(target: Target, pod: RunningPod, container = 'main'): Promise<TransferLog> {
  const transcript = new TransferLog(`pod ${pod.spec.name}`)
  for (const line of await linesOf(target.log(pod, container))) transcript.add(line)
  return transcript
}

async function listening(target: Target, pod: RunningPod): Promise<void> {
  for await (const line of target.log(pod, 'main')) if (line.includes('target_ready')) return
  throw new Error('the target ended before it listened')
}

test('the second container on a port fails and names the port', async () => {
  const target = await rackTarget('process')
  const template = await claimOf(target, 1, 1)
  const second = { ...TARGET_CONTAINER, name: 'second' }
  const both = podOf(template, { name: 'both', containers: [TARGET_CONTAINER, second] })
  const pod = await target.run(await target.schedule(both, SOON), SOON)
  const ended = await Promise.race(
    ['main', 'second'].map(async (name) => ({ name, exit: await target.exit(pod, name, SOON) })),
  )
  expect(ended.exit).toEqual({ code: 1, signal: null })
  expect((await transcriptOf(target, pod, ended.name)).error()?.details).toMatchObject({ code: 'PORT_TAKEN' })
})

test('a peer with another secret is rejected with the reason; the receiver still serves the right one', async () => {
  const target = await rackTarget('process')
  const receiver = await run(target, 'receiver', TARGET_CONTAINER)
  const stranger = await run(target, 'stranger', sending(receiver, { TRANSFER_SECRET: '1'.repeat(64) }))
  expect(await target.exit(stranger, 'main', SOON)).toEqual({ code: 1, signal: null })
  const refused = await transcriptOf(target, stranger)
  expect(refused.error()).toMatchObject({ code: 'TRANSFER_FAILED', details: { code: 'AUTH_FAILED' } })
  expect(() => refused.result()).toThrow(expect.objectContaining({ code: 'TRANSFER_FAILED' }))
  await target.release([stranger], SOON)
  const sender = await run(target, 'sender', sending(receiver))
  expect((await transcriptOf(target, sender)).result().target_hostname).toBe('receiver')
})

test('a transfer that is killed exits with a signal and has no RESULT', async () => {
  const target = await rackTarget('process')
  const before = new Set(familyOf(process.pid).map(({ pid }) => pid))
  const receiver = await run(target, 'receiver', TARGET_CONTAINER)
  await listening(target, receiver)
  const victims = familyOf(process.pid).filter(
    ({ pid, program }) => program === 'claimcheck-transfer' && !before.has(pid),
  )
  expect(victims).toHaveLength(1)
  process.kill(victims[0]?.pid ?? 0, 'SIGKILL')
  expect(await target.exit(receiver, 'main', SOON)).toEqual({ code: null, signal: 'SIGKILL' })
  const transcript = await transcriptOf(target, receiver)
  expect(() => transcript.result()).toThrow(expect.objectContaining({ code: 'RESULT_MISSING' }))
  await target.release([receiver], SOON)
})

const agentsOf = (): number[] =>
  familyOf(process.pid).flatMap(({ pid, program }) => (program === 'claimcheck-node' ? [pid] : []))

test('a killed agent ends its pods and every request with NODE_AGENT_FAILED; closing still works', async () => {
  const target = await rackTarget('process')
  const pod = await run(target, 'pod', TARGET_CONTAINER)
  const [agent = 0] = agentsOf()
  // So that it cannot answer first.
  process.kill(agent, 'SIGSTOP')
  const asked = [
    target.exit(pod, 'main', SOON),
    target.exec(pod, 'main', ['--mode', 'devices'], SOON),
    run(target, 'next', TARGET_CONTAINER),
  ]
  const log = linesOf(target.log(pod, 'main'))
  process.kill(agent, 'SIGKILL')
  const failed = { status: 'rejected', reason: { code: 'NODE_AGENT_FAILED' } }
  expect(await Promise.allSettled(asked)).toMatchObject([failed, failed, failed])
  await log
  const last = target.exec(pod, 'main', ['--mode', 'devices'], SOON)
  await expect(last).rejects.toMatchObject({ code: 'EXEC_FAILED' })
  await target.close()
})

test('an agent that hangs is killed when its rack is closed, and pending calls are rejected', async () => {
  const target = await rackTarget('process')
  const pod = await run(target, 'pod', TARGET_CONTAINER)
  const [agent = 0] = agentsOf()
  process.kill(agent, 'SIGSTOP')
  const waiting = Promise.allSettled([target.exit(pod, 'main', SOON), linesOf(target.log(pod, 'main'))])
  await target.close()
  expect(await waiting).toMatchObject([
    { status: 'rejected', reason: { code: 'INTERRUPTED', subject: 'container pod/main' } },
    { status: 'fulfilled' },
  ])
  expect(agentsOf()).toEqual([])
})

test('two concurrent racks share no names, addresses or devices', async () => {
  const targets = await Promise.all([rackTarget('process'), rackTarget('process')])
  const receivers = await Promise.all(targets.map((target) => run(target, 'receiver', TARGET_CONTAINER)))
  expect(new Set(receivers.map(({ address }) => address)).size).toBe(1)
  const results = await Promise.all(
    targets.map(async (target, index) => {
      const receiver = receivers[index]
      if (receiver === undefined) throw new Error('each rack has its receiver')
      const sender = await run(target, 'sender', sending(receiver))
      return (await transcriptOf(target, sender)).result()
    }),
  )
  for (const result of results) expect(result.target_hostname).toBe('receiver')
})
