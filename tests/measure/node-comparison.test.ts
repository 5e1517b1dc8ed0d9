/** Rounds are measured on demand, cached and interleaved. The first failure ends them, and no claim is left. */
import { expect, test } from 'vitest'
import { Journal } from '../../harness/core/journal.ts'
import { bytes } from '../../harness/core/units.ts'
import { NodeComparison } from '../../harness/measure/node-comparison.ts'
import type { Progress } from '../../harness/measure/measured-rounds.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { rackFile } from '../support/rack-file.ts'
import { modelTarget } from './recorded-outcome.ts'

function comparison(faults: readonly string[] = [], nics = 4) {
  const rack = loadRack(rackFile({ faults }))
  const journal = new Journal()
  const target = modelTarget(rack, journal)
  const gpus = { count: 4, numaNode: 0 }
  const plan = {
    name: 'kv',
    arms: {
      aligned: { alignment: 'aligned', gpus, nics: { count: nics, numaNode: 0 } },
      unaligned: { alignment: 'unaligned', gpus, nics: { count: nics, numaNode: 1 } },
    },
    op: 'WRITE',
    size: bytes(2 ** 30),
    iters: 100,
    warmupIters: 20,
    firstRounds: 2,
  } as const
  const events = (event: string): string[] =>
    journal.entries.filter((entry) => entry.event === event).map(({ subject }) => subject)
  return { arms: new NodeComparison(plan, { target, sku: rack.sku, journal }), target, events }
}

test('each round is measured once, however many callers need it, and only if one does', async () => {
  const { arms, events } = comparison()
  expect(arms.rounds).toEqual([])
  const [two, three] = await Promise.all([arms.atLeast(2), arms.atLeast(3)])
  expect(three.length).toBe(3)
  expect((await arms.atLeast(2))[0]).toBe(two[0])
  expect(events('arm-measured').length).toBe(6)
})

test('the order of the arms alternates, and so does the sending node', async () => {
  const { arms, events } = comparison()
  const rounds = await arms.atLeast(3)
  expect(events('arm-measured')).toEqual([
    'kv aligned round 1',
    'kv unaligned round 1',
    'kv unaligned round 2',
    'kv aligned round 2',
    'kv aligned round 3',
    'kv unaligned round 3',
  ])
  const senders = rounds.map(({ arms: { aligned, unaligned } }) => [
    aligned?.outcome.initiator.node,
    unaligned?.outcome.initiator.node,
  ])
  expect(senders).toEqual([
    ['node-b', 'node-b'],
    ['node-a', 'node-a'],
    ['node-b', 'node-b'],
  ])
})

test('no claim is held between arms', async () => {
  const { arms, target, events } = comparison()
  await arms.atLeast(2)
  expect(events('released')).toEqual(expect.arrayContaining(events('scheduled')))
  expect((await target.diagnose('all'))['pods']).toEqual([])
})

test.for([
  ['{ kind: link-cut, node: node-a, nic: mlx5_3, afterBytes: 3 GiB }', 'LINK_DOWN', 4],
  ['{ kind: numa-misreport, node: node-a, nic: mlx5_4, numaNode: 0 }', 'CLAIM_UNSATISFIABLE', 4],
] as const)('with %s the first failure is the answer ever after', async ([fault, code, nics]) => {
  const { arms, target, events } = comparison([fault], nics)
  const first = await arms.atLeast(1).catch((error: unknown) => error)
  expect(first).toMatchObject({ code })
  const scheduled = events('scheduled').length
  await expect(arms.atLeast(1)).rejects.toBe(first)
  await expect(arms.atLeast(5)).rejects.toBe(first)
  expect(events('scheduled').length).toBe(scheduled)
  expect((await target.diagnose('all'))['pods']).toEqual([])
})

test('arms that no node of the SKU can satisfy are rejected before anything is claimed', async () => {
  const { arms, events } = comparison([], 5)
  await expect(arms.atLeast(1)).rejects.toMatchObject({ code: 'EXPECTATION_INVALID' })
  expect(events('scheduled')).toEqual([])
})

test('listeners receive the progress of an arm until they unsubscribe', async () => {
  const { arms } = comparison()
  const heard: Progress[] = []
  const stop = arms.listen((progress) => heard.push(progress))
  await arms.atLeast(1)
  expect(heard[0]).toEqual({
    comparison: 'kv 1 GiB',
    arm: 'aligned',
    round: 0,
    phase: 'claiming devices',
    done: 0,
    of: 24,
  })
  expect(new Set(heard.map(({ arm }) => arm))).toEqual(new Set(['aligned', 'unaligned']))
  const before = heard.length
  stop()
  await arms.atLeast(2)
  expect(heard.length).toBe(before)
})
