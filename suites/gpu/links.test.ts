/**
 * Transfers from GPU to GPU over their own links. The turns pair every two GPUs of the node; all pairs of a turn transfer at the
 * same time. The SKU profile states the bandwidth of a link for 1 GiB.
 */
import { describe, gpuLinkTest, sizeOf } from 'claimcheck'

const turns = [1, 2, 3, 4, 5, 6, 7].map((turn) => ({
  turn,
  write: gpuLinkTest({ name: `write-${turn}`, turn, op: 'WRITE', size: sizeOf('1 GiB') }),
  read: gpuLinkTest({ name: `read-${turn}`, turn, op: 'READ', size: sizeOf('1 GiB') }),
  staged: gpuLinkTest({
    name: `staged-${turn}`,
    turn,
    op: 'WRITE',
    size: sizeOf('64 MiB'),
    iters: 10,
    warmupIters: 2,
    beside: 'staged',
  }),
}))

describe.for(turns)('The pairs of turn $turn', ({ write, read, staged }) => {
  write.ofEach("WRITE 1 GiB within the SKU's bounds", async ({ linked, reference, expect }) => {
    await expect(linked).toBeWithin(reference.write)
  })

  write.ofEach('WRITE it with every byte intact', async ({ linked, expect }) => {
    await expect(linked).toArriveIntact()
  })

  write.ofEach('WRITE it with p99 / p50 latency within the bound', async ({ linked, reference, expect }) => {
    await expect(linked).toBeStable(reference)
  })

  write.ofSeveral('WRITE it all as fast as the median pair', async ({ linked, reference, expect }) => {
    await expect(linked).toHaveEvenPaths({ within: reference.evenWithin })
  })

  read.ofEach("READ 1 GiB within the SKU's bounds", async ({ linked, reference, expect }) => {
    await expect(linked).toBeWithin(reference.read)
  })

  read.ofEach('READ it with every byte intact', async ({ linked, expect }) => {
    await expect(linked).toArriveIntact()
  })

  staged.ofEach(
    'outperform transfers through host memory',
    async ({ linked, staged: host, reference, expect }) => {
      await expect(linked).toOutperform(host, { by: reference.overStaged, in: 'bandwidth' })
    },
  )
})

/** A latency curve up to the size of the WRITE above. The SKU's bounds are those of a baseline, since they depend on the size. */
const sizes = ['4 KiB', '64 KiB', '1 MiB', '16 MiB', '256 MiB'].map((label) => ({
  label,
  ...gpuLinkTest({
    name: `curve-${label.toLowerCase().replace(' ', '')}`,
    turn: 1,
    op: 'WRITE',
    size: sizeOf(label),
  }),
}))

describe.for(sizes)('A WRITE of $label from GPU to GPU', ({ ofEach }) => {
  ofEach('arrives intact', async ({ linked, expect }) => {
    await expect(linked).toArriveIntact()
  })

  ofEach("has a p50 latency within the SKU's bounds", async ({ linked, reference, expect }) => {
    await expect(linked).toBeWithin(reference.write, { in: 'p50 latency' })
  })
})
