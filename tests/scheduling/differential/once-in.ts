/** Generates a value of `arbitrary` once in `times` cases, otherwise null. The inverse of `fc.option`'s frequency. */
import * as fc from 'fast-check'

export const onceIn = <T>(times: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: times - 1, arbitrary: fc.constant(null) }, { weight: 1, arbitrary })
