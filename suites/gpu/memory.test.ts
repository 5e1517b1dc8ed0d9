/** Transfers within each GPU, between two processes: its memory and copy engine without any link. All GPUs transfer at the same time. */
import { describe, gpuLinkTest, sizeOf } from 'claimcheck'

/** From one process to the other within the GPU. */
const linked = { path: 'gpu-links' } as const
const staged = { path: 'host-memory' } as const

const ways = [
  { op: 'WRITE' as const, side: 'write' as const },
  { op: 'READ' as const, side: 'read' as const },
].map(({ op, side }) => ({
  op,
  side,
  ...gpuLinkTest({ name: `memory-${side}`, turn: 0, arms: { linked }, op, size: sizeOf('1 GiB') }),
}))

describe.for(ways)('1 GiB by $op within each GPU', ({ side, ofEach, ofSeveral }) => {
  ofEach("is within the SKU's bounds", async ({ arms, reference, expect }) => {
    await expect(arms.linked).toBeWithin(reference[side])
  })

  ofEach('arrives intact', async ({ arms, expect }) => {
    await expect(arms.linked).toArriveIntact()
  })

  ofEach('has p99 / p50 latency within the bound', async ({ arms, reference, expect }) => {
    await expect(arms.linked).toBeStable(reference)
  })

  ofSeveral('is as fast in each as in the median GPU', async ({ arms, reference, expect }) => {
    await expect(arms.linked).toHaveEvenPaths({ within: reference.evenWithin })
  })
})

const { ofEach: besideHost } = gpuLinkTest({
  name: 'memory-staged',
  turn: 0,
  arms: { linked, staged },
  op: 'WRITE',
  size: sizeOf('64 MiB'),
  iters: 10,
  warmupIters: 2,
})

describe('64 MiB within each GPU', () => {
  besideHost('outperform transfers through host memory', async ({ arms, reference, expect }) => {
    await expect(arms.linked).toOutperform(arms.staged, { by: reference.overStaged, in: 'bandwidth' })
  })
})

const sizes = ['4 KiB', '64 KiB', '1 MiB', '16 MiB', '256 MiB'].map((label) => ({
  label,
  ...gpuLinkTest({
    name: `memory-${label.toLowerCase().replace(' ', '')}`,
    turn: 0,
    arms: { linked },
    op: 'WRITE',
    size: sizeOf(label),
  }),
}))

describe.for(sizes)('A WRITE of $label within each GPU', ({ ofEach }) => {
  ofEach('arrives intact', async ({ arms, expect }) => {
    await expect(arms.linked).toArriveIntact()
  })

  ofEach("has a p50 latency within the SKU's bounds", async ({ arms, reference, expect }) => {
    await expect(arms.linked).toBeWithin(reference.write, { in: 'p50 latency' })
  })
})
