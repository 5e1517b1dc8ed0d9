/**
 * Parses JSON that an untrusted program printed. The bounds on size, depth and entries keep a hostile value from using up
 * memory or the stack of what reads it later.
 */

/** In characters. */
const MOST_TEXT = 4 * 2 ** 20
const MOST_DEPTH = 16
/** Entries of an object, and of an array that is not one of numbers. */
const MOST_ENTRIES = 4096
/** Characters of a string or a key. */
const MOST_STRING = 16_384

/** Throws a SyntaxError that says what is wrong. `most` is the largest text accepted, in characters. */
export function parseBoundedJson(text: string, most: number = MOST_TEXT): unknown {
  if (text.length > most)
    throw new SyntaxError(`it has ${text.length} characters, at most ${most} are allowed`)
  requireShallow(text)
  const value: unknown = JSON.parse(text)
  requireSmall(value)
  return value
}

/** Checks the depth before the text is parsed, since parsing is what costs memory. Throws a SyntaxError. */
export function requireShallow(text: string, most: number = MOST_DEPTH): void {
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (inString) {
      if (character === '\\') at++
      else if (character === '"') inString = false
    } else if (character === '"') inString = true
    else if (character === '{' || character === '[') {
      if (++depth > most) throw new SyntaxError(`it is nested more than ${most} deep`)
    } else if (character === '}' || character === ']') depth--
  }
}

function requireSmall(value: unknown): void {
  if (typeof value === 'string') return requireShort(value)
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    if (value.every(Number.isFinite)) return
    if (value.length > MOST_ENTRIES) throw tooMany(value.length)
    return value.forEach(requireSmall)
  }
  const entries = Object.entries(value)
  if (entries.length > MOST_ENTRIES) throw tooMany(entries.length)
  for (const [key, entry] of entries) {
    requireShort(key)
    requireSmall(entry)
  }
}

function requireShort(text: string): void {
  if (text.length > MOST_STRING)
    throw new SyntaxError(`it has a text of ${text.length} characters, at most ${MOST_STRING} are allowed`)
}

const tooMany = (count: number): SyntaxError =>
  new SyntaxError(`it has a list of ${count} entries, at most ${MOST_ENTRIES} are allowed`)
