/**
 * The base of values that no macro can iterate over, such as versions and quantities. The engine iterates over the keys of
 * any object, but asks a Set for its items first: this one refuses, as Kubernetes does.
 */
import { EvaluationError } from '@marcbachmann/cel-js'

export class OpaqueValue extends Set<never> {
  override [Symbol.iterator](): never {
    throw new EvaluationError('expected a list or a map to iterate over, found a single value')
  }
}
