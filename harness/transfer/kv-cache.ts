/** The size of a KV cache, by the formula of DRANET's NIXL example: 2 x layers x tokens x KV heads x head size x bytes. */
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
  for (const [name, count] of Object.entries(cache)) {
    if (Number.isSafeInteger(count) && count > 0) continue
    throw new ClaimcheckError('EXPECTATION_INVALID', {
      subject: `KV cache ${name}`,
      problem: 'is not a valid count',
      expected: 'a positive whole number',
      found: String(count),
    })
  }
  return bytes(2 * cache.layers * cache.promptTokens * cache.kvHeads * cache.headDim * cache.dtypeBytes)
}
