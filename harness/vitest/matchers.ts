/** Registers the matchers of `expect/matcher-definitions.ts` with Vitest, at run time and for the compiler. */
import { expect, type MatcherState } from 'vitest'
import { matchersByName, type SuiteMatchers } from '../expect/matcher-definitions.ts'
import { checkAssertion } from './check-assertion.ts'

expect.extend(
  Object.fromEntries(
    Object.entries(matchersByName).map(([name, bind]) => [
      name,
      async function (this: MatcherState, received: unknown, ...args: readonly unknown[]) {
        return checkAssertion(this, bind(received, ...args))
      },
    ]),
  ),
)

declare module 'vitest' {
  interface Matchers<
    R extends void | Promise<void> = void | Promise<void>,
    T = unknown,
  > extends SuiteMatchers<T> {}
}
