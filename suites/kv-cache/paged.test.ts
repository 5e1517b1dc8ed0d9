/**
 * A KV cache as inference engines keep it: thousands of blocks at scattered addresses, each a descriptor of its own, against the same
 * bytes in one piece. What a block costs beside its bytes shows in the ratio.
 */
import { comparisonTest, describe, kvBlocks, nearestPlacements, variantsOf } from 'claimcheck'

/** A prompt of 8192 tokens of Llama-3.1-8B in pages of 64 tokens: 8192 blocks of 128 KiB. */
const { size, blockSize } = kvBlocks({
  layers: 32,
  promptTokens: 8192,
  kvHeads: 8,
  headDim: 128,
  dtypeBytes: 2,
  tokensPerBlock: 64,
})

const caches = nearestPlacements().flatMap(({ title, placement, suffix }) =>
  (['WRITE', 'READ'] as const).map((op) => ({
    op,
    title,
    test: comparisonTest({
      name: `paged-${op.toLowerCase()}${suffix}`,
      arms: variantsOf(placement, { contiguous: {}, paged: { blockSize } }),
      op,
      size,
    }),
  })),
)

describe.for(caches)('A KV cache of 8192 blocks by $op, $title', ({ test }) => {
  test('paged bandwidth is at least 0.25x contiguous', async ({ arms, expect }) => {
    await expect(arms.paged).toOutperform(arms.contiguous, { by: 0.25 })
  })

  test('every byte of every block arrives intact', async ({ arms, expect }) => {
    await expect(arms.paged).toArriveIntact()
    await expect(arms.contiguous).toArriveIntact()
  })

  test('every claimed NIC carries its share, and no other any', async ({ arms, expect }) => {
    await expect(arms.paged).toCarryEqualShares()
    await expect(arms.contiguous).toCarryEqualShares()
  })
})
