/** The blocks of a paged KV cache. */
import { expect, test } from 'vitest'
import { kvBlocks, kvCacheBytes } from '../../harness/transfer/kv-cache.ts'

const llama8b = { layers: 32, kvHeads: 8, headDim: 128, dtypeBytes: 2 }

test('the blocks of a prompt that fills them are as large as its cache', () => {
  const prompt = { ...llama8b, promptTokens: 8192 }
  expect(kvBlocks({ ...prompt, tokensPerBlock: 64 })).toEqual({
    blockSize: 128 * 1024,
    count: 8192,
    size: kvCacheBytes(prompt),
  })
  expect(kvBlocks({ ...prompt, tokensPerBlock: 16 })).toMatchObject({ blockSize: 32 * 1024, count: 32_768 })
})

test('the last block of each layer is there as a whole', () => {
  expect(kvBlocks({ ...llama8b, promptTokens: 17, tokensPerBlock: 16 })).toMatchObject({ count: 2 * 32 * 2 })
})

test('a count that is no positive whole number is refused', () => {
  expect(() => kvBlocks({ ...llama8b, promptTokens: 8192, tokensPerBlock: 0 })).toThrow(
    /KV cache tokensPerBlock is not a valid count/,
  )
})
