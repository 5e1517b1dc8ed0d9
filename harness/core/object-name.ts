/** Names of Kubernetes objects that are made from names of SKUs, nodes and comparisons, which may be longer or hold other characters. */
import { createHash } from 'node:crypto'

/** A name of at most 63 characters is valid for every kind of object, as a host name and as a label. */
const LONGEST = 63
const DIGEST = 12

/** The text itself where it is a valid name; otherwise shortened, with a digest of the whole text that keeps it unique. */
export function objectName(text: string): string {
  const valid = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, '-')
    .replaceAll(/[.-]*\.[.-]*/g, '.')
  const trimmed = trim(valid)
  if (trimmed === text && text.length <= LONGEST) return text
  const digest = createHash('sha256').update(text).digest('hex').slice(0, DIGEST)
  const start = trim(trimmed.slice(0, LONGEST - DIGEST - 1))
  return start === '' ? digest : `${start}-${digest}`
}

/** A name starts and ends with a letter or digit. */
const trim = (text: string): string => text.replaceAll(/^[.-]+|[.-]+$/g, '')
