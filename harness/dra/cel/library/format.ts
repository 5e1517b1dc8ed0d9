/** CEL's `"%s on %d".format([name, node])`: `%s %d %f %b %o %x %X %%`, with a precision for `%f`. */
import { EvaluationError } from '@marcbachmann/cel-js'

const CLAUSE = /%(?:\.(\d+))?(.?)/gs
const RADIX: Readonly<Record<string, number>> = { b: 2, o: 8, x: 16, X: 16 }

/** Throws EvaluationError for an unknown verb, a missing argument, or an argument that the verb does not take. */
export function format(template: string, args: readonly unknown[]): string {
  let next = 0
  return template.replace(CLAUSE, (_found, precision: string | undefined, verb: string) => {
    if (verb === '%') return '%'
    if (next >= args.length) throw new EvaluationError(`format() has no argument ${next} for %${verb}`)
    return formatted(verb, args[next++], Number(precision ?? 6))
  })
}

function formatted(verb: string, value: unknown, digits: number): string {
  const radix = RADIX[verb]
  if (verb === 's') return typeof value === 'string' ? value : asText(value)
  if (verb === 'd' && typeof value === 'bigint') return value.toString()
  if (verb === 'f' && typeof value === 'number')
    return Number.isFinite(value) ? value.toFixed(digits) : String(value)
  if (radix !== undefined && typeof value === 'bigint') {
    const text = value.toString(radix)
    return verb === 'X' ? text.toUpperCase() : text
  }
  if (verb === 'b' && typeof value === 'boolean') return value ? '1' : '0'
  if ((verb === 'x' || verb === 'X') && typeof value === 'string') {
    const text = Buffer.from(value, 'utf8').toString('hex')
    return verb === 'X' ? text.toUpperCase() : text
  }
  throw new EvaluationError(`format() cannot write a value of type ${typeof value} as %${verb}`)
}

/** Inside lists and maps, strings are quoted. The keys of a map are in order. */
function asText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(asText).join(', ')}]`
  if (value instanceof Map) return entries([...value])
  if (value !== null && typeof value === 'object' && value.constructor === Object)
    return entries(Object.entries(value))
  if (value === null || ['bigint', 'number', 'boolean'].includes(typeof value)) return String(value)
  throw new EvaluationError('format() takes strings, numbers, booleans, lists and maps for %s')
}

const entries = (pairs: readonly (readonly [unknown, unknown])[]): string =>
  `{${pairs
    .map(([key, value]) => `${asText(key)}:${asText(value)}`)
    .sort()
    .join(', ')}}`
