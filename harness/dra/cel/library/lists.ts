/**
 * Kubernetes' list functions in CEL: sum, min, max, isSorted, indexOf, lastIndexOf; and `includes`, which works on an
 * attribute whether it is published as a list or as a single value.
 */
import { type Environment, EvaluationError } from '@marcbachmann/cel-js'
import { compare, isEqual } from './equality.ts'

type List = readonly unknown[]

/** Kubernetes' ResourceSliceMaxAttributeValuesPerDevice. */
const MAX_INCLUDES_VALUES = 48

export function registerLists(env: Environment): void {
  env
    .registerFunction('list<int>.sum(): int', (list: readonly bigint[]) => list.reduce((a, b) => a + b, 0n))
    .registerFunction('list<double>.sum(): double', (list: readonly number[]) =>
      list.reduce((a, b) => a + b, 0),
    )
    .registerFunction('list<A>.min(): A', (list: List) => extreme(list, 'min', -1))
    .registerFunction('list<A>.max(): A', (list: List) => extreme(list, 'max', 1))
    .registerFunction('list<A>.isSorted(): bool', (list: List) =>
      list.every((item, index) => index === 0 || compare(list[index - 1], item) <= 0),
    )
    .registerFunction('list<A>.indexOf(A): int', (list: List, item: unknown) =>
      BigInt(list.findIndex((other) => isEqual(item, other))),
    )
    .registerFunction('list<A>.lastIndexOf(A): int', (list: List, item: unknown) =>
      BigInt(list.findLastIndex((other) => isEqual(item, other))),
    )
    .registerFunction('list<A>.includes(A): bool', (list: List, item: unknown) => {
      if (list.length > MAX_INCLUDES_VALUES) {
        throw new EvaluationError(
          `'includes' function cannot be applied to lists longer than ${MAX_INCLUDES_VALUES} values`,
        )
      }
      return list.some((other) => isEqual(item, other))
    })
  for (const scalar of ['string', 'int', 'bool', 'kubernetes.Semver']) {
    env.registerFunction(`${scalar}.includes(${scalar}): bool`, isEqual)
  }
}

function extreme(list: List, name: string, sign: -1 | 1): unknown {
  if (list.length === 0) throw new EvaluationError(`${name} called on empty list`)
  return list.reduce((best, item) => (compare(item, best) * sign > 0 ? item : best))
}
