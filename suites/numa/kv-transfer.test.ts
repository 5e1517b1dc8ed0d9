/**
 * Transfers of a KV cache between GPUs of two nodes, after DRANET's NIXL KV-transfer example. Both arms use the same four GPUs
 * with four NICs: on the GPUs' NUMA node (aligned), or on the other one (unaligned).
 */
import { comparisonTest, describe, kvCacheBytes, sameGpus } from '../../harness/vitest/suite.ts'

/** Llama-3.1-8B: 128 KiB of keys and values per token. */
const llama8b = { layers: 32, kvHeads: 8, headDim: 128, dtypeBytes: 2 }
const arms = sameGpus({ gpus: 4, nics: 4, gpusOn: 0, alignedOn: 0, unalignedOn: 1 })

const oneGiB = comparisonTest({
  name: 'kv-1gib',
  arms,
  op: 'WRITE',
  size: kvCacheBytes({ ...llama8b, promptTokens: 8192 }),
})
const fourGiB = comparisonTest({
  name: 'kv-4gib',
  arms,
  op: 'WRITE',
  size: kvCacheBytes({ ...llama8b, promptTokens: 32_768 }),
  tooLongFor: 'process',
})

describe('A KV cache of 1 GiB, written from node to node by 4 GPUs over 4 NICs', () => {
  const test = oneGiB

  test('aligned bandwidth is at least 1.3x unaligned', async ({ aligned, unaligned, expect }) => {
    await expect(aligned).toOutperform(unaligned, { by: 1.3, in: 'bandwidth' })
  })

  test('aligned p50 latency is at least 20 % lower', async ({ aligned, unaligned, expect }) => {
    await expect(aligned).toUndercut(unaligned, { by: '20 %', in: 'p50 latency' })
  })

  test("both arms lie within the SKU's bounds", async ({ aligned, unaligned, sku, expect }) => {
    await expect(aligned).toBeWithin(sku.reference.aligned)
    await expect(unaligned).toBeWithin(sku.reference.unaligned)
  })

  test('every claimed NIC carries its share, and no other any', async ({ aligned, unaligned, expect }) => {
    await expect(aligned).toCarryEqualShares()
    await expect(unaligned).toCarryEqualShares()
  })

  test('bytes arrive intact', async ({ aligned, unaligned, expect }) => {
    await expect(aligned).toArriveIntact()
    await expect(unaligned).toArriveIntact()
  })

  test("p99 / p50 latency is within the SKU's bound", async ({ aligned, unaligned, sku, expect }) => {
    await expect(aligned).toBeStable(sku.reference.stability)
    await expect(unaligned).toBeStable(sku.reference.stability)
  })
})

describe('A KV cache of 4 GiB', () => {
  const test = fourGiB

  test('aligned bandwidth is at least 1.3x unaligned', async ({ aligned, unaligned, expect }) => {
    await expect(aligned).toOutperform(unaligned, { by: 1.3, in: 'bandwidth' })
  })

  test('every path is as fast as the others', async ({ aligned, unaligned, expect }) => {
    await expect(aligned).toHaveEvenPaths({ within: '3 %' })
    await expect(unaligned).toHaveEvenPaths({ within: '3 %' })
  })
})
