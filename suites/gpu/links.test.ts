/**
 * From GPU to GPU over their own links. Over the turns every two GPUs of the node meet; the pairs of a turn move their
 * bytes at the same time. What a link must carry is in the SKU profile, for 1 GiB.
 */
import { describe, linking, sizeOf } from '../../harness/vitest/suite.ts'

const turns = [1, 2, 3, 4, 5, 6, 7].map((turn) => ({ turn }))

describe.for(turns)('The pairs of turn $turn', ({ turn }) => {
  describe('WRITE 1 GiB each', () => {
    const { ofEach, ofSeveral } = linking({ name: `write-${turn}`, turn, op: 'WRITE', size: sizeOf('1 GiB') })

    ofEach("within the SKU's bounds", async ({ linked, sku, expect }) => {
      await expect(linked).toBeWithin(sku.reference.gpuLink.write)
    })

    ofEach('and every byte arrives intact', async ({ linked, expect }) => {
      await expect(linked).toArriveIntact()
    })

    ofEach('with p99 / p50 latency within the bound', async ({ linked, sku, expect }) => {
      await expect(linked).toBeStable(sku.reference.gpuLink)
    })

    ofSeveral('all as fast as the median pair', async ({ linked, sku, expect }) => {
      await expect(linked).toHaveEvenPaths({ within: sku.reference.gpuLink.evenWithin })
    })
  })

  describe('READ 1 GiB each', () => {
    const { ofEach } = linking({ name: `read-${turn}`, turn, op: 'READ', size: sizeOf('1 GiB') })

    ofEach("within the SKU's bounds", async ({ linked, sku, expect }) => {
      await expect(linked).toBeWithin(sku.reference.gpuLink.read)
    })

    ofEach('and every byte arrives intact', async ({ linked, expect }) => {
      await expect(linked).toArriveIntact()
    })
  })

  describe('WRITE 64 MiB each, by their links and through host memory', () => {
    const size = sizeOf('64 MiB')
    const { ofEach } = linking({
      name: `staged-${turn}`,
      turn,
      op: 'WRITE',
      size,
      iters: 10,
      warmupIters: 2,
      beside: 'staged',
    })

    ofEach('the links carry a multiple of it', async ({ linked, staged, sku, expect }) => {
      await expect(linked).toOutperform(staged, { by: sku.reference.gpuLink.overStaged, in: 'bandwidth' })
    })
  })
})

/** Latency as a curve in the results: each size has its percentiles there. */
const sizes = [
  { label: '4 KiB' },
  { label: '64 KiB' },
  { label: '1 MiB' },
  { label: '16 MiB' },
  { label: '256 MiB' },
  { label: '1 GiB' },
]

describe.for(sizes)('A WRITE of $label from GPU to GPU', ({ label }) => {
  const { ofEach } = linking({
    name: `curve-${label.toLowerCase().replace(' ', '')}`,
    turn: 1,
    op: 'WRITE',
    size: sizeOf(label),
  })

  ofEach('arrives intact, with its latency in the results', async ({ linked, expect }) => {
    await expect(linked).toArriveIntact()
    await expect(linked).toStayBelow('1 s', { in: 'p99 latency' })
  })
})
