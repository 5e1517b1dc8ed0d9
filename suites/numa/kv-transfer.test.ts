/**
 * Transfers of a KV cache between GPUs of two nodes, after DRANET's NIXL KV-transfer example. Both arms use the same GPUs of one
 * NUMA node, with as many NICs: the nearest (aligned), or the farthest (unaligned). On the example's nodes these are four GPUs
 * with four NICs of the GPUs' NUMA node or of the other one.
 */
import { comparisonTest, describe, kvCacheBytes, numaComparisons } from 'claimcheck'

/** Llama-3.1-8B: 128 KiB of keys and values per token. */
const llama8b = { layers: 32, kvHeads: 8, headDim: 128, dtypeBytes: 2 }

const comparisons = numaComparisons().map(({ title, arms, suffix }) => ({
  title,
  oneGiB: comparisonTest({
    name: `kv-1gib${suffix}`,
    arms,
    op: 'WRITE',
    size: kvCacheBytes({ ...llama8b, promptTokens: 8192 }),
  }),
  fourGiB: comparisonTest({
    name: `kv-4gib${suffix}`,
    arms,
    op: 'WRITE',
    size: kvCacheBytes({ ...llama8b, promptTokens: 32_768 }),
    tooLongFor: 'process',
  }),
}))

describe.for(comparisons)('A KV cache of 1 GiB, written from node to node by $title', ({ oneGiB: test }) => {
  test('aligned bandwidth is at least 1.3x unaligned', async ({ arms, expect }) => {
    await expect(arms.aligned).toOutperform(arms.unaligned, { by: 1.3, in: 'bandwidth' })
  })

  test('aligned p50 latency is at least 20 % lower', async ({ arms, expect }) => {
    await expect(arms.aligned).toUndercut(arms.unaligned, { by: '20 %', in: 'p50 latency' })
  })

  test("both arms lie within the SKU's bounds", async ({ arms, reference, expect }) => {
    await expect(arms.aligned).toBeWithin(reference.aligned)
    await expect(arms.unaligned).toBeWithin(reference.unaligned)
  })

  test('every claimed NIC carries its share, and no other any', async ({ arms, expect }) => {
    await expect(arms.aligned).toCarryEqualShares()
    await expect(arms.unaligned).toCarryEqualShares()
  })

  test('bytes arrive intact', async ({ arms, expect }) => {
    await expect(arms.aligned).toArriveIntact()
    await expect(arms.unaligned).toArriveIntact()
  })

  test("p99 / p50 latency is within the SKU's bound", async ({ arms, reference, expect }) => {
    await expect(arms.aligned).toBeStable(reference.stability)
    await expect(arms.unaligned).toBeStable(reference.stability)
  })
})

describe.for(comparisons)('A KV cache of 4 GiB, written by $title', ({ fourGiB: test }) => {
  test('aligned bandwidth is at least 1.3x unaligned', async ({ arms, expect }) => {
    await expect(arms.aligned).toOutperform(arms.unaligned, { by: 1.3, in: 'bandwidth' })
  })

  test('every path is as fast as the others', async ({ paths, expect }) => {
    await expect(paths.aligned).toHaveEvenPaths({ within: '3 %' })
    await expect(paths.unaligned).toHaveEvenPaths({ within: '3 %' })
  })
})
