/**
 * One acceptance of a rack in the model runtime: takes rack, rounds and collected suites; gives every test's verdict as
 * the reports would. A rack belongs to a file, as in a run of Vitest, and is closed with it.
 */
import { asClaimcheckError, type ErrorCode } from '../../harness/core/errors.ts'
import type { Settings } from '../../harness/core/variables.ts'
import type { Expectation } from '../../harness/expect/expectation.ts'
import type { Rack } from '../../harness/rack/rack.ts'
import { BrokenExpectation, expect, provide, Skipped, wanted, type DeclaredTest } from './stand-in.ts'
import type { SuiteFile } from './suites.ts'

export interface TestOutcome {
  readonly suite: readonly string[]
  readonly name: string
  readonly verdict: 'passed' | 'failed' | 'inconclusive' | 'skipped'
  /** Without doubles, in the order of the expectations. */
  readonly codes: readonly ErrorCode[]
  /** Everything said about what is not passed. */
  readonly text: string
}

export async function accept(
  suites: readonly SuiteFile[],
  rack: Rack,
  rounds: number,
): Promise<readonly TestOutcome[]> {
  const settings: Settings = {
    target: 'emulated',
    rack: rack.path,
    sku: undefined,
    context: undefined,
    runtime: 'model',
    reportDir: '',
    rounds,
    cacheDir: '',
  }
  provide('settings', settings)
  provide('prepared', null)
  const outcomes: TestOutcome[] = []
  for (const { tests } of suites) {
    const file = new FileScope(rack)
    try {
      for (const test of tests) outcomes.push(await file.run(test))
    } finally {
      await file.close()
    }
  }
  return outcomes
}

type Made = Map<unknown, Promise<unknown>>
type Cleaners = (() => unknown)[]

class FileScope {
  readonly #rack: Rack
  readonly #made: Made = new Map()
  readonly #cleaners: Cleaners = []
  readonly #meta = {}

  constructor(rack: Rack) {
    this.#rack = rack
  }

  async run({ suite, name, fixtures, body }: DeclaredTest): Promise<TestOutcome> {
    const meta: { claimcheck?: { expectations: readonly Expectation[] } } = {}
    const task = { name, meta, file: { meta: this.#meta } }
    const own: Made = new Map()
    const cleaners: Cleaners = []
    const base: Record<string, unknown> = {
      task,
      expect: (received: unknown) => expect(received, false, task),
      skip: (reason: string) => {
        throw new Skipped(reason)
      },
    }
    // Of several fixtures of one name the last counts, and the one before it is what that one builds on.
    const resolve = (key: string): unknown => {
      if (key in base) return base[key]
      if (key === 'rack') return this.#rack
      const fixture = fixtures.findLast((one) => one.name === key)
      if (fixture === undefined) throw new TypeError(`no fixture "${key}"`)
      const [made, clean] = fixture.scope === 'file' ? [this.#made, this.#cleaners] : [own, cleaners]
      const known = made.get(fixture)
      if (known !== undefined) return known
      const making = contextOf(wanted(fixture.make)).then((context) =>
        fixture.make(context, { onCleanup: (one) => clean.push(one) }),
      )
      made.set(fixture, making)
      return making
    }
    const contextOf = async (names: readonly string[]): Promise<Record<string, unknown>> => {
      const context: Record<string, unknown> = {}
      for (const key of names) context[key] = await resolve(key)
      return context
    }
    const errors: unknown[] = []
    try {
      for (const { name: key } of fixtures.filter(({ auto }) => auto)) await resolve(key)
      await body(await contextOf(wanted(body)))
    } catch (error) {
      errors.push(error)
    }
    for (const clean of cleaners.toReversed()) await clean()
    return outcomeOf({ suite, name }, meta.claimcheck?.expectations ?? [], errors[0])
  }

  async close(): Promise<void> {
    for (const clean of this.#cleaners.toReversed()) await clean()
  }
}

function outcomeOf(
  test: Pick<TestOutcome, 'suite' | 'name'>,
  expectations: readonly Expectation[],
  error: unknown,
): TestOutcome {
  if (error instanceof Skipped) return { ...test, verdict: 'skipped', codes: [], text: error.message }
  const bad = expectations.filter(({ verdict }) => verdict !== 'passed')
  const untold =
    error === undefined || error instanceof BrokenExpectation || bad.length > 0 ? undefined : error
  const codes = [
    ...bad.flatMap(({ code }) => code ?? []),
    ...(untold === undefined ? [] : [asClaimcheckError(untold).code]),
  ]
  const failed = bad.some(({ verdict }) => verdict === 'failed')
  return {
    ...test,
    verdict: failed ? 'failed' : codes.length > 0 ? 'inconclusive' : 'passed',
    codes: [...new Set(codes)],
    text: [
      ...bad.flatMap(({ reasons, measured }) => [measured, ...reasons]),
      error instanceof Error ? error.message : '',
    ].join('\n'),
  }
}
