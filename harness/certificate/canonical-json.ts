/** One text for one value: JSON with keys sorted by code unit and no space. Takes JSON values; gives text and digests. */
import { createHash } from 'node:crypto'

/** Undefined fields are left out, as in JSON. */
export const canonical = (value: unknown): string => JSON.stringify(sortKeys(value))

/** `value` with every object's keys in order. */
export function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]))
}

/** `sha256:` and the digest of the canonical text in UTF-8, in hexadecimal. */
export const digestOf = (value: unknown): string =>
  `sha256:${createHash('sha256').update(canonical(value)).digest('hex')}`
