/** Where two JSON values differ. Takes what is said and what comes out; gives sentences with the path of each difference. */

/** Another machine may round a logarithm's last bits another way. */
const ROUNDING = 1e-9

export function differences(said: unknown, found: unknown, path: string): readonly string[] {
  if (isObject(said) && isObject(found)) {
    const keys = [...new Set([...Object.keys(said), ...Object.keys(found)])]
    return keys.flatMap((key) => differences(said[key], found[key], path === '' ? key : `${path}.${key}`))
  }
  if (said === found || (isNumber(said) && isNumber(found) && isNear(said, found))) return []
  return [`${path === '' ? 'the whole' : path} is ${told(said)}, the samples give ${told(found)}`]
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
const isNumber = (value: unknown): value is number => typeof value === 'number'
const isNear = (a: number, b: number): boolean =>
  Math.abs(a - b) <= ROUNDING * Math.max(Math.abs(a), Math.abs(b))
const told = (value: unknown): string => (value === undefined ? 'absent' : JSON.stringify(value))
