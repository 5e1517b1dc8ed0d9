/** What fast-check says the other way round: something that is there once in so many times, else null. */
import * as fc from 'fast-check'

export const onceIn = <T>(times: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: times - 1, arbitrary: fc.constant(null) }, { weight: 1, arbitrary })
