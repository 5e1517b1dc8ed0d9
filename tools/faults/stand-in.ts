/**
 * Stands in for Vitest where suites are run thousands of times: collects the tests that suite files declare, and gives
 * the part of Vitest's interface that suites and the vocabulary use. It judges nothing; matchers, judges, target and
 * model are the real ones. What it says is held against Vitest itself in tests/suites.
 */

type Fixtures = Readonly<Record<string, unknown>>
type Scope = 'test' | 'file'
interface Fixture {
  readonly name: string
  readonly scope: Scope
  readonly auto: boolean
  readonly make: (fixtures: Fixtures, hooks: { onCleanup: (clean: () => unknown) => void }) => unknown
}
type Body = (context: Fixtures) => unknown

export interface DeclaredTest {
  readonly name: string
  readonly suite: readonly string[]
  readonly fixtures: readonly Fixture[]
  readonly body: Body
}

interface Recorder {
  readonly provided: Map<string, unknown>
  readonly declared: DeclaredTest[]
  readonly matchers: Record<string, Matcher>
  around: readonly string[]
}
type Matcher = (this: object, received: unknown, ...args: readonly unknown[]) => Promise<Outcome>
interface Outcome {
  readonly pass: boolean
  readonly message: () => string
}

const recorder: Recorder = { provided: new Map(), declared: [], matchers: {}, around: [] }

/** The tests declared since the last call. */
export const takeDeclared = (): DeclaredTest[] => recorder.declared.splice(0)
export const provide = (name: string, value: unknown): void => void recorder.provided.set(name, value)
export const inject = (name: string): unknown => recorder.provided.get(name)
export const recordArtifact = async (): Promise<void> => undefined

export function describe(name: string, body: () => void): void {
  const around = recorder.around
  recorder.around = [...around, name]
  body()
  recorder.around = around
}
describe.for =
  <Row extends object>(rows: readonly Row[]) =>
  (name: string, body: (row: Row) => void): void => {
    for (const row of rows) describe(filled(name, row), () => body(row))
  }

const filled = (name: string, row: object): string =>
  Object.entries(row).reduce((text, [key, value]) => text.replaceAll(`$${key}`, `${value}`), name)

function testWith(fixtures: readonly Fixture[]) {
  const declare = (name: string, body: Body): void => {
    recorder.declared.push({ name, suite: recorder.around, fixtures, body })
  }
  return Object.assign(declare, {
    extend(name: string, ...rest: readonly unknown[]) {
      const make = rest.at(-1) as Fixture['make']
      const { scope = 'test', auto = false } = (rest.length > 1 ? rest[0] : {}) as Partial<Fixture>
      return testWith([...fixtures, { name, scope, auto, make }])
    },
  })
}
export const test = testWith([])

export class BrokenExpectation extends Error {}

export function expect(received: unknown, isNot = false, task: object = {}): object {
  const bound = Object.entries(recorder.matchers).map(([name, matcher]) => [
    name,
    async (...args: readonly unknown[]) => {
      const { pass, message } = await matcher.call({ isNot, task }, received, ...args)
      if (pass === isNot) throw new BrokenExpectation(message())
    },
  ])
  return Object.fromEntries(bound) as object
}
expect.extend = (matchers: Record<string, Matcher>): void => void Object.assign(recorder.matchers, matchers)

export class Skipped extends Error {}

/** The names that a fixture or a test takes out of its context. */
export function wanted(of: (...args: never[]) => unknown): readonly string[] {
  const [, names = ''] = /^(?:async\s*)?(?:function\s*\w*\s*)?\(\s*\{([^}]*)\}/.exec(String(of)) ?? []
  return names
    .split(',')
    .map((name) => name.split(':')[0]?.trim() ?? '')
    .filter((name) => name !== '')
}
