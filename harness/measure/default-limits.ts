/** The limits that apply where a suite states none. Bounds of bandwidth and latency come from the SKU profile instead. */
import { fraction, type Fraction } from '../core/units.ts'

/** The share by which an iteration's time may change from the beginning to the end of an arm. */
export const DEFAULT_DRIFT = '5 %'
/** The largest p99 / p50 latency of an arm. */
export const DEFAULT_P99_OVER_P50 = 1.5
/** The share by which a path may be slower than the median of the other paths. */
export const DEFAULT_PATH_DEFICIT = '3 %'
/** The deviation allowed for the bytes of a claimed NIC: headers, acknowledgements and retransmissions count too. */
export const NIC_SHARE_TOLERANCE: Fraction = fraction(0.1)
/** The share of all bytes that an unclaimed interface may carry: the side channel and address resolution. */
export const UNCLAIMED_SHARE_LIMIT: Fraction = fraction(0.01)
