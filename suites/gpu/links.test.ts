/**
 * Transfers from GPU to GPU over their own links. The turns pair every two GPUs of the node; all pairs of a turn transfer at the
 * same time. The SKU profile states the bandwidth of a link for 1 GiB.
 */
import { describe, gpuLinkTest, sizeOf } from 'claimcheck'

const linked = { path: 'gpu-links' } as const
/** Each side copies between its GPU and host memory, and TCP connects the two. */
const staged = { path: 'host-memory' } as const

const turns = [1, 2, 3, 4, 5, 6, 7].map((turn) => ({
  turn,
  write: gpuLinkTest({ name: `write-${turn}`, turn, arms: { linked }, op: 'WRITE', size: sizeOf('1 GiB') }),
  read: gpuLinkTest({ name: `read-${turn}`, turn, arms: { linked }, op: 'READ', size: sizeOf('1 GiB') }),
  staged: gpuLinkTest({
    name: `staged-${turn}`,
    turn,
    arms: { linked, staged },
    op: 'WRITE',
    size: sizeOf('64 MiB'),
    iters: 10,
    warmupIters: 2,
  }),
}))

describe.for(turns)('The pairs of turn $turn', ({ write, read, staged }) => {
  write.ofEach("WRITE 1 GiB within the SKU's bounds", async ({ arms, reference, expect }) => {
    await expect(arms.linked).toBeWithin(reference.write)
  })

  write.ofEach('WRITE it with every byte intact', async ({ arms, expect }) => {
    await expect(arms.linked).toArriveIntact()
  })

  write.ofEach('WRITE it with p99 / p50 latency within the bound', async ({ arms, reference, expect }) => {
    await expect(arms.linked).toBeStable(reference)
  })

  write.ofSeveral('WRITE it all as fast as the median pair', async ({ arms, reference, expect }) => {
    await expect(arms.linked).toHaveEvenPaths({ within: reference.evenWithin })
  })

  read.ofEach("READ 1 GiB within the SKU's bounds", async ({ arms, reference, expect }) => {
    await expect(arms.linked).toBeWithin(reference.read)
  })

  read.ofEach('READ it with every byte intact', async ({ arms, expect }) => {
    await expect(arms.linked).toArriveIntact()
  })

  staged.ofEach('outperform transfers through host memory', async ({ arms, reference, expect }) => {
    await expect(arms.linked).toOutperform(arms.staged, { by: reference.overStaged, in: 'bandwidth' })
  })
})

const { ofEach: bothWaysTest } = gpuLinkTest({
  name: 'both-ways',
  turn: 1,
  arms: { one: linked, both: { ...linked, bothWays: true } },
  op: 'WRITE',
  size: sizeOf('1 GiB'),
})

describe('The pairs of turn 1, each sending to each other at the same time', () => {
  bothWaysTest('WRITE both ways at least 1.7x as much as one way', async ({ arms, expect }) => {
    await expect(arms.both).toOutperform(arms.one, { by: 1.7 })
  })

  bothWaysTest('WRITE it both ways with every byte intact', async ({ arms, expect }) => {
    await expect(arms.both).toArriveIntact()
  })
})

/** A latency curve up to the size of the WRITE above. The SKU's bounds are those of a baseline, since they depend on the size. */
const sizes = ['4 KiB', '64 KiB', '1 MiB', '16 MiB', '256 MiB'].map((label) => ({
  label,
  ...gpuLinkTest({
    name: `curve-${label.toLowerCase().replace(' ', '')}`,
    turn: 1,
    arms: { linked },
    op: 'WRITE',
    size: sizeOf(label),
  }),
}))

describe.for(sizes)('A WRITE of $label from GPU to GPU', ({ ofEach }) => {
  ofEach('arrives intact', async ({ arms, expect }) => {
    await expect(arms.linked).toArriveIntact()
  })

  ofEach("has a p50 latency within the SKU's bounds", async ({ arms, reference, expect }) => {
    await expect(arms.linked).toBeWithin(reference.write, { in: 'p50 latency' })
  })
})
