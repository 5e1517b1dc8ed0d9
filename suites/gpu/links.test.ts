/**
 * From GPU to GPU over their own links. Over the turns every two GPUs of the node meet; the pairs of a turn move their
 * bytes at the same time. What a link must carry is in the SKU profile, for 1 GiB.
 */
import { describe, linking } from '../../harness/vitest/suite.ts'

const gib = (2 ** 30) as never
const mib = 2 ** 20
const turns = [1, 2, 3, 4, 5, 6, 7].map((turn) => ({ turn }))

describe.for(turns)('The pairs of turn $turn', ({ turn }) => {
  describe('WRITE 1 GiB each', () => {
    const { ofEach, ofSeveral } = linking({ name: `write-${turn}`, turn, op: 'WRITE', size: gib })

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
    const { ofEach } = linking({ name: `read-${turn}`, turn, op: 'READ', size: gib })

    ofEach("within the SKU's bounds", async ({ linked, sku, expect }) => {
      await expect(linked).toBeWithin(sku.reference.gpuLink.read)
    })

    ofEach('and every byte arrives intact', async ({ linked, expect }) => {
      await expect(linked).toArriveIntact()
    })
  })

  describe('WRITE 64 MiB each, by their links and through host memory', () => {
    const size = (64 * mib) as never
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
  { label: '4 KiB', size: 4096 },
  { label: '64 KiB', size: 64 * 1024 },
  { label: '1 MiB', size: mib },
  { label: '16 MiB', size: 16 * mib },
  { label: '256 MiB', size: 256 * mib },
  { label: '1 GiB', size: 1024 * mib },
]

describe.for(sizes)('A WRITE of $label from GPU to GPU', ({ label, size }) => {
  const { ofEach } = linking({
    name: `curve-${label.toLowerCase().replace(' ', '')}`,
    turn: 1,
    op: 'WRITE',
    size: size as never,
  })

  ofEach('arrives intact, with its latency in the results', async ({ linked, expect }) => {
    await expect(linked).toArriveIntact()
    await expect(linked).toStayBelow('1 s', { in: 'p99 latency' })
  })
})
