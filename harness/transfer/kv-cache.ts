/** The size of a KV cache, by the formula of DRANET's NIXL example: 2 x layers x tokens x KV heads x head size x bytes, and its blocks. */
import { ClaimcheckError } from '../core/errors.ts'
import { bytes, type Bytes } from '../core/units.ts'

interface KvCache {
  readonly layers: number
  readonly promptTokens: number
  readonly kvHeads: number
  readonly headDim: number
  /** 2 for fp16 and bf16, 1 for fp8. */
  readonly dtypeBytes: number
}

/**
 * Returns the bytes of one prompt's keys and values. Throws EXPECTATION_INVALID for a count that is not a positive whole number.
 *
 * @example
 * // A Llama-3.1-8B prompt of 8192 tokens: 1 GiB.
 * kvCacheBytes({ layers: 32, promptTokens: 8192, kvHeads: 8, headDim: 128, dtypeBytes: 2 })
 */
export function kvCacheBytes(cache: KvCache): Bytes {
  requireCounts(cache)
  return bytes(2 * cache.layers * cache.promptTokens * cache.kvHeads * cache.headDim * cache.dtypeBytes)
}

export interface PagedKvCache extends KvCache {
  /** Of one block; vLLM's default is 16. */
  readonly tokensPerBlock: number
}

export interface KvBlocks {
  /** The keys, or the values, of `tokensPerBlock` tokens in one layer. */
  readonly blockSize: Bytes
  readonly count: number
  /** Of all blocks, of which the last of each layer may not be full. */
  readonly size: Bytes
}

/**
 * Returns the blocks in which an inference engine keeps one prompt's keys and values. Throws EXPECTATION_INVALID for a count that is
 * not a positive whole number.
 *
 * @example
 * // A Llama-3.1-8B prompt of 8192 tokens in pages of 64 tokens: 8192 blocks of 128 KiB.
 * kvBlocks({ layers: 32, promptTokens: 8192, kvHeads: 8, headDim: 128, dtypeBytes: 2, tokensPerBlock: 64 })
 */
export function kvBlocks(cache: PagedKvCache): KvBlocks {
  requireCounts(cache)
  const blockSize = cache.tokensPerBlock * cache.kvHeads * cache.headDim * cache.dtypeBytes
  const count = 2 * cache.layers * Math.ceil(cache.promptTokens / cache.tokensPerBlock)
  return { blockSize: bytes(blockSize), count, size: bytes(count * blockSize) }
}

function requireCounts(cache: KvCache): void {
  for (const [name, count] of Object.entries(cache)) {
    if (Number.isSafeInteger(count) && count > 0) continue
    throw new ClaimcheckError('EXPECTATION_INVALID', {
      subject: `KV cache ${name}`,
      problem: 'is not a valid count',
      expected: 'a positive whole number',
      found: String(count),
    })
  }
}
