/**
 * Quantities with their units in the type: parsing, formatting, and the only conversion of bytes and time to a rate.
 * GB is 10^9 bytes everywhere. GiB (2^30) is accepted for sizes only, so that a rate cannot mix the two.
 */
import { ClaimcheckError } from './errors.ts'

declare const unit: unique symbol
type Unit<Name extends string> = number & { readonly [unit]: Name }

export type Bytes = Unit<'bytes'>
export type Seconds = Unit<'seconds'>
/** Payload rate in 10^9 bytes per second. */
export type GBps = Unit<'GB/s'>
/** A dimensionless share: 0.05 is 5 %. */
export type Fraction = Unit<'fraction'>

export const bytes = (n: number): Bytes => n as Bytes
export const seconds = (n: number): Seconds => n as Seconds
export const gigabytesPerSecond = (n: number): GBps => n as GBps
export const fraction = (n: number): Fraction => n as Fraction

/** The only division of bytes by seconds. */
export const rateOf = (moved: Bytes, elapsed: Seconds): GBps => (moved / elapsed / 1e9) as GBps
export const bitsPerSecond = (rate: GBps): number => rate * 8e9
export const timeFor = (moved: Bytes, rate: GBps): Seconds => (moved / (rate * 1e9)) as Seconds

const SIZES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
}
const RATES: Readonly<Record<string, number>> = {
  'MB/s': 1e-3,
  'GB/s': 1,
  'TB/s': 1e3,
  'Mbit/s': 1 / 8e3,
  'Gbit/s': 1 / 8,
  'Tbit/s': 1e3 / 8,
}
const TIMES: Readonly<Record<string, number>> = { us: 1e-6, ms: 1e-3, s: 1, min: 60 }

/** Reads `1 GiB`, `256 MB`. Throws UNIT_INVALID for a missing or wrong unit. */
export const parseBytes = (text: string): Bytes =>
  bytes(Math.round(parse(text, SIZES, 'a size such as "1 GiB"')))
/** Reads `39.07 GB/s`, `400 Gbit/s`. Throws UNIT_INVALID for a missing or wrong unit, GiB/s among them. */
export const parseRate = (text: string): GBps =>
  gigabytesPerSecond(parse(text, RATES, 'a rate such as "39.07 GB/s"'))
/** Reads `27.49 ms`, `2 s`. Throws UNIT_INVALID for a missing or wrong unit. */
export const parseTime = (text: string): Seconds => seconds(parse(text, TIMES, 'a time such as "27.49 ms"'))
/** Reads `5%`, `-10 %`, `+12.5 %`. Throws UNIT_INVALID where the percent sign is missing. */
export const parsePercent = (text: string): Fraction =>
  fraction(parse(text, { '%': 0.01 }, 'a share such as "5 %"'))

function parse(text: string, units: Readonly<Record<string, number>>, expected: string): number {
  const match = /^\s*([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(\S*)\s*$/i.exec(text)
  const factor = match?.[2] !== undefined && Object.hasOwn(units, match[2]) ? units[match[2]] : undefined
  const value = Number(match?.[1]) * (factor ?? Number.NaN)
  if (!Number.isFinite(value)) {
    throw new ClaimcheckError('UNIT_INVALID', {
      subject: `"${text}"`,
      problem: 'is not a valid quantity',
      expected: `${expected}, in one of ${Object.keys(units).join(', ')}`,
      found: foundIn(match, factor),
    })
  }
  return value
}

function foundIn(match: RegExpExecArray | null, factor: number | undefined): string {
  if (match === null) return 'something else'
  if (factor !== undefined) return 'a number that is too large'
  return match[2] ? `the unit "${match[2]}"` : 'a number without a unit'
}

export const formatRate = (rate: GBps): string => `${significant(rate, 4)} GB/s`
export const formatPercent = (share: number): string => `${(share * 100).toFixed(1)} %`

export function formatTime(time: Seconds): string {
  if (time < 1e-3) return `${significant(time * 1e6, 4)} µs`
  return time < 1 ? `${significant(time * 1e3, 4)} ms` : `${significant(time, 4)} s`
}

export function formatBytes(size: Bytes): string {
  const exact = (['GiB', 'MiB', 'KiB'] as const).find(
    (name) => size >= (SIZES[name] ?? 1) && size % (SIZES[name] ?? 1) === 0,
  )
  if (exact) return `${size / (SIZES[exact] ?? 1)} ${exact}`
  const name = (['GB', 'MB', 'kB'] as const).find((name) => size >= (SIZES[name] ?? 1)) ?? 'B'
  return `${significant(size / (SIZES[name] ?? 1), 4)} ${name}`
}

function significant(value: number, digits: number): string {
  const text = value.toPrecision(digits)
  return text.includes('e') ? String(Number(text)) : text
}
