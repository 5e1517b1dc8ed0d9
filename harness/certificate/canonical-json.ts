/** Canonical JSON, with keys sorted by UTF-16 code unit and no white space, so that equal values have equal digests. */
import { createHash } from 'node:crypto'

/** Fields that are undefined are omitted, as in JSON. */
export const canonical = (value: unknown): string => JSON.stringify(sortKeys(value))

/** A copy of `value` with the keys of all objects sorted. */
export function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]))
}

/** `sha256:` and the digest of the canonical text in UTF-8, in hexadecimal. */
export const digestOf = (value: unknown): string =>
  `sha256:${createHash('sha256').update(canonical(value)).digest('hex')}`
