/** Lists the differences between a recorded JSON value and a recomputed one, each with its path. */

/** Machines may differ in the last bits of a logarithm. */
const ROUNDING = 1e-9

export function jsonDifferences(recorded: unknown, found: unknown, path: string): readonly string[] {
  if (isObject(recorded) && isObject(found)) {
    const keys = [...new Set([...Object.keys(recorded), ...Object.keys(found)])]
    return keys.flatMap((key) =>
      jsonDifferences(recorded[key], found[key], path === '' ? key : `${path}.${key}`),
    )
  }
  if (recorded === found || (isNumber(recorded) && isNumber(found) && isNear(recorded, found))) return []
  return [
    `${path === '' ? 'the expectation' : path} is ${formatValue(recorded)}, the samples give ${formatValue(found)}`,
  ]
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
const isNumber = (value: unknown): value is number => typeof value === 'number'
const isNear = (a: number, b: number): boolean =>
  Math.abs(a - b) <= ROUNDING * Math.max(Math.abs(a), Math.abs(b))
const formatValue = (value: unknown): string => (value === undefined ? 'absent' : JSON.stringify(value))
