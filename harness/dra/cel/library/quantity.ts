/**
 * Kubernetes quantities in CEL: `quantity("40Gi")`, `device.capacity[...].memory.isGreaterThan(...)`.
 * A quantity is stored as an exact number of billionths, the smallest unit that Kubernetes has.
 */
import { type Environment, EvaluationError } from '@marcbachmann/cel-js'
import { OpaqueValue } from './opaque-value.ts'

const NANO = 10n ** 9n
const MAX_INT = 2n ** 63n - 1n
const MIN_INT = -(2n ** 63n)
/** Suffix to [base, exponent]. */
const SUFFIXES: Readonly<Record<string, readonly [bigint, bigint]>> = {
  n: [10n, -9n],
  u: [10n, -6n],
  m: [10n, -3n],
  '': [10n, 0n],
  k: [10n, 3n],
  M: [10n, 6n],
  G: [10n, 9n],
  T: [10n, 12n],
  P: [10n, 15n],
  E: [10n, 18n],
  Ki: [2n, 10n],
  Mi: [2n, 20n],
  Gi: [2n, 30n],
  Ti: [2n, 40n],
  Pi: [2n, 50n],
  Ei: [2n, 60n],
}
const FORM = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i)?)$/

export class Quantity extends OpaqueValue {
  readonly nanos: bigint

  constructor(nanos: bigint) {
    super()
    this.nanos = nanos
  }

  /** Throws EvaluationError. Digits finer than a billionth round away from zero. */
  static parse(text: string): Quantity {
    const quantity = Quantity.tryParse(text)
    if (quantity === undefined) {
      throw new EvaluationError(`"${text}" is not a quantity such as "40Gi", "500m" or "1e3"`)
    }
    return quantity
  }

  static tryParse(text: string): Quantity | undefined {
    const match = FORM.exec(text)
    const [, sign, whole = '', part = '', exponent, suffix = ''] = match ?? []
    const scale = exponent === undefined ? SUFFIXES[suffix] : ([10n, BigInt(exponent)] as const)
    if (match === null || scale === undefined || whole + part === '') return undefined
    const [base, power] = scale
    const numerator = BigInt(whole + part) * NANO * (power > 0n ? base ** power : 1n)
    const denominator = 10n ** BigInt(part.length) * (power < 0n ? base ** -power : 1n)
    const magnitude = (numerator + denominator - 1n) / denominator
    return new Quantity(sign === '-' ? -magnitude : magnitude)
  }

  compare(other: Quantity): number {
    return this.nanos < other.nanos ? -1 : this.nanos > other.nanos ? 1 : 0
  }

  get isInteger(): boolean {
    const value = this.nanos / NANO
    return this.nanos % NANO === 0n && value >= MIN_INT && value <= MAX_INT
  }

  asInteger(): bigint {
    if (!this.isInteger) throw new EvaluationError('cannot convert value to integer')
    return this.nanos / NANO
  }
}

export function registerQuantity(env: Environment): void {
  const type = 'kubernetes.Quantity'
  const whole = (n: bigint) => new Quantity(n * NANO)
  env
    .registerType(type, Quantity)
    .registerFunction(`quantity(string): ${type}`, (text: string) => Quantity.parse(text))
    .registerFunction('isQuantity(string): bool', (text: string) => Quantity.tryParse(text) !== undefined)
    .registerFunction(`${type}.isInteger(): bool`, (a: Quantity) => a.isInteger)
    .registerFunction(`${type}.asInteger(): int`, (a: Quantity) => a.asInteger())
    .registerFunction(`${type}.asApproximateFloat(): double`, (a: Quantity) => Number(a.nanos) / 1e9)
    .registerFunction(`${type}.isGreaterThan(${type}): bool`, (a: Quantity, b: Quantity) => a.compare(b) > 0)
    .registerFunction(`${type}.isLessThan(${type}): bool`, (a: Quantity, b: Quantity) => a.compare(b) < 0)
    .registerFunction(`${type}.compareTo(${type}): int`, (a: Quantity, b: Quantity) => BigInt(a.compare(b)))
    .registerFunction(
      `${type}.add(${type}): ${type}`,
      (a: Quantity, b: Quantity) => new Quantity(a.nanos + b.nanos),
    )
    .registerFunction(
      `${type}.add(int): ${type}`,
      (a: Quantity, b: bigint) => new Quantity(a.nanos + whole(b).nanos),
    )
    .registerFunction(
      `${type}.sub(${type}): ${type}`,
      (a: Quantity, b: Quantity) => new Quantity(a.nanos - b.nanos),
    )
    .registerFunction(
      `${type}.sub(int): ${type}`,
      (a: Quantity, b: bigint) => new Quantity(a.nanos - whole(b).nanos),
    )
    .registerOperator(`${type} == ${type}`, (a: Quantity, b: Quantity) => a.compare(b) === 0)
}
