/** Kubernetes' set functions in CEL: `sets.contains(a, b)`, `sets.equivalent(a, b)`, `sets.intersects(a, b)`. */
import type { Environment } from '@marcbachmann/cel-js'
import { isEqual } from './equality.ts'

class SetsNamespace {
  readonly name = 'sets'
}
type List = readonly unknown[]

const holds = (list: List, item: unknown): boolean => list.some((other) => isEqual(item, other))
const contains = (list: List, subset: List): boolean => subset.every((item) => holds(list, item))

export function registerSets(env: Environment): void {
  const type = 'SetsNamespace'
  env
    .registerType(type, SetsNamespace)
    .registerConstant('sets', type, new SetsNamespace())
    .registerFunction(`${type}.contains(list<A>, list<A>): bool`, (_: unknown, a: List, b: List) =>
      contains(a, b),
    )
    .registerFunction(
      `${type}.equivalent(list<A>, list<A>): bool`,
      (_: unknown, a: List, b: List) => contains(a, b) && contains(b, a),
    )
    .registerFunction(`${type}.intersects(list<A>, list<A>): bool`, (_: unknown, a: List, b: List) =>
      a.some((item) => holds(b, item)),
    )
}
