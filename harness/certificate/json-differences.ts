/** Where two JSON values differ. Takes what is said and what comes out; gives sentences with the path of each difference. */

/** Another machine may round a logarithm's last bits another way. */
const ROUNDING = 1e-9

export function jsonDifferences(said: unknown, found: unknown, path: string): readonly string[] {
  if (isObject(said) && isObject(found)) {
    const keys = [...new Set([...Object.keys(said), ...Object.keys(found)])]
    return keys.flatMap((key) => jsonDifferences(said[key], found[key], path === '' ? key : `${path}.${key}`))
  }
  if (said === found || (isNumber(said) && isNumber(found) && isNear(said, found))) return []
  return [
    `${path === '' ? 'the whole' : path} is ${formatValue(said)}, the samples give ${formatValue(found)}`,
  ]
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
const isNumber = (value: unknown): value is number => typeof value === 'number'
const isNear = (a: number, b: number): boolean =>
  Math.abs(a - b) <= ROUNDING * Math.max(Math.abs(a), Math.abs(b))
const formatValue = (value: unknown): string => (value === undefined ? 'absent' : JSON.stringify(value))
