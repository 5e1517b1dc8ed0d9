/** CEL's equality and order of the values in a selector. Values of different types are unequal, except numbers. */
import { EvaluationError } from '@marcbachmann/cel-js'
import { Quantity } from './quantity.ts'
import { Semver } from './semver.ts'

export function isEqual(a: unknown, b: unknown): boolean {
  if (isNumber(a) && isNumber(b)) return Number(a) === Number(b) && (typeof a !== typeof b || a === b)
  if (a instanceof Semver && b instanceof Semver) return a.compare(b) === 0
  if (a instanceof Quantity && b instanceof Quantity) return a.compare(b) === 0
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isEqual(item, b[index]))
  }
  return a === b
}

/** Returns a number below, equal to or above 0. Throws EvaluationError where the two values have no order. */
export function compare(a: unknown, b: unknown): number {
  if (a instanceof Semver && b instanceof Semver) return a.compare(b)
  if (a instanceof Quantity && b instanceof Quantity) return a.compare(b)
  const comparable = (isNumber(a) && isNumber(b)) || (typeof a === 'string' && typeof b === 'string')
  if (!comparable && !(typeof a === 'boolean' && typeof b === 'boolean')) {
    throw new EvaluationError(`values of these types have no order: ${typeof a} and ${typeof b}`)
  }
  return a < b ? -1 : a > b ? 1 : 0
}

const isNumber = (value: unknown): value is bigint | number =>
  typeof value === 'bigint' || typeof value === 'number'
