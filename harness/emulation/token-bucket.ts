/** Computes the token bucket that shapes traffic to a payload rate at an MTU, including the bytes of headers. */
import { bitsPerSecond, type GBps } from '../core/units.ts'
import { payloadShare } from '../rack/link-model.ts'

export interface TokenBucket {
  readonly rate_bits: number
  readonly burst_bytes: number
}

const BURST_SECONDS = 0.01
const ETHERNET = 14

export function tokenBucketFor(payload: GBps, mtu: number): TokenBucket {
  const rate = bitsPerSecond(payload) / payloadShare(mtu)
  return {
    rate_bits: Math.round(rate),
    burst_bytes: Math.max(2 * (mtu + ETHERNET), Math.round((rate / 8) * BURST_SECONDS)),
  }
}
