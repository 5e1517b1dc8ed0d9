import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatJUnit } from '../../harness/report/junit-xml.ts'
import { isGreen, type RunReport, type TestReport } from '../../harness/report/run-report.ts'
import { parseAll, parseXml, type Element } from './parse-xml.ts'
import { expectation, failedTest, passedTest, report } from './report.ts'

const problem = { code: 'CLAIM_UNSATISFIABLE', message: 'claim a has no node', subject: 'claim a' } as const
const everyKind: readonly TestReport[] = [
  passedTest,
  failedTest,
  { ...passedTest, name: 'inconclusive', verdict: 'inconclusive', problems: [problem] },
  { ...passedTest, name: 'skipped', verdict: 'skipped', skipReason: 'no GPU here', expectations: [] },
  { ...passedTest, name: 'interrupted', verdict: 'interrupted', expectations: [] },
]
const named = (parent: Element, name: string): readonly Element[] =>
  parent.children.filter((child) => child.name === name)

test('a run with every kind of outcome', () => {
  expect(formatJUnit(report({ outcome: 'failed', tests: everyKind, problems: [problem] }))).toMatchSnapshot()
})

test('times that a clock step made negative, and figures that are not finite, are left out', () => {
  const properties = {
    'arm.aligned.p50.seconds': -1,
    'a.seconds': Number.NaN,
    'b.GBps': Infinity,
    ratio: -0.5,
  }
  const text = formatJUnit(
    report({ tests: [{ ...passedTest, seconds: -3, expectations: [{ ...expectation, properties }] }] }),
  )
  expect(text).not.toMatch(/"-[13]|NaN|Infinity/)
  expect(text).toContain('<property name="ratio" value="-0.5"/>')
})

test('a property with two values keeps both', () => {
  const second = { ...expectation, properties: { ratio: 0.7, rounds: 3 } }
  const xml = formatJUnit(report({ tests: [{ ...passedTest, expectations: [expectation, second] }] }))
  expect(xml).toContain('<property name="ratio" value="1.421"/>')
  expect(xml).toContain('<property name="ratio#2" value="0.7"/>')
  expect(xml.match(/"rounds"/g)).toHaveLength(1)
})

describe('For any run', () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 })
  const bad = fc.record({ code: fc.constantFrom('INTERNAL', 'TOO_NOISY'), message: text })
  const anyTest = fc.record({
    file: fc.constantFrom('a.test.ts', 'b.test.ts'),
    suite: fc.array(text, { maxLength: 2 }),
    name: text,
    verdict: fc.constantFrom('passed', 'failed', 'inconclusive', 'skipped', 'interrupted'),
    skipReason: text,
    seconds: fc.double({ min: 0, max: 1e6, noNaN: true }),
    expectations: fc.array(
      fc.record({
        statement: text,
        verdict: fc.constantFrom('passed', 'failed', 'inconclusive'),
        reasons: fc.array(text),
        measured: text,
        limit: text,
        properties: fc.dictionary(text, fc.oneof(text, fc.double(), fc.boolean())),
        emulated: fc.boolean(),
      }),
      { maxLength: 2 },
    ),
    problems: fc.array(bad, { maxLength: 2 }),
  }) as fc.Arbitrary<TestReport>
  const anyRun = fc
    .record({
      tests: fc.array(anyTest, { maxLength: 6 }),
      problems: fc.array(bad, { maxLength: 2 }),
      outcome: fc.constantFrom('passed', 'failed', 'interrupted'),
    })
    .map((parts) => report(parts as Partial<RunReport>))

  const check = (run: RunReport, root: Element): void => {
    expect(root.name).toBe('testsuites')
    const suites = named(root, 'testsuite')
    const cases = suites.flatMap((suite) => named(suite, 'testcase'))
    const count = (all: readonly Element[], outcome: string): string =>
      String(all.filter((one) => named(one, outcome).length > 0).length)
    for (const [counted, all] of [
      [root, cases] as const,
      ...suites.map((one) => [one, named(one, 'testcase')] as const),
    ]) {
      expect(counted.attributes).toMatchObject({
        tests: String(all.length),
        failures: count(all, 'failure'),
        errors: count(all, 'error'),
        skipped: count(all, 'skipped'),
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
      })
    }
    for (const one of cases) {
      const outcomes = one.children.filter(({ name }) => name !== 'properties')
      expect(outcomes.length).toBeLessThanOrEqual(1)
      expect(['failure', 'error', 'skipped', undefined]).toContain(outcomes[0]?.name)
      if (outcomes[0] !== undefined && outcomes[0].name !== 'skipped')
        expect(outcomes[0].attributes['type']).toMatch(/^[A-Z_]+$/)
    }
    expect(root.attributes['failures'] === '0' && root.attributes['errors'] === '0').toBe(isGreen(run))
  }

  test('the XML is well-formed, with one outcome per case and correct counts, and green exactly when the run is', () => {
    const runs = fc.sample(anyRun, { numRuns: 400, seed: 11 })
    const roots = parseAll(runs.map(formatJUnit))
    for (const [i, root] of roots.entries()) check(runs[i] ?? report(), root)
    expect(roots).toHaveLength(400)
  })

  test('text is preserved, except for characters that XML does not allow', () => {
    const texts = fc.sample(fc.string({ unit: 'binary', maxLength: 60 }), { numRuns: 300, seed: 7 })
    const tests = texts.map((message, i) => ({
      ...passedTest,
      name: `${i}`,
      verdict: 'inconclusive' as const,
      expectations: [],
      problems: [{ code: 'INTERNAL' as const, message: `[${message}]` }],
    }))
    const [suite] = named(parseXml(formatJUnit(report({ outcome: 'failed', tests }))), 'testsuite')
    const back =
      suite === undefined ? [] : named(suite, 'testcase').map((one) => named(one, 'error')[0]?.text)
    // Control sequences are removed, characters that XML forbids become U+FFFD, and a parser reads CR as LF.
    const holds = (text: string): string =>
      text.replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFC}\u{10000}-\u{10FFFF}]/gu, '')
    for (const [i, text] of texts.entries()) {
      if (['\u001B', '\u009B', '\r'].some((special) => text.includes(special))) continue
      expect(holds(back[i] ?? '')).toBe(holds(`[${text}]`))
    }
  })

  test('colours are removed and long texts are truncated with a note', () => {
    const message = `\u001B[31mred\u001B[0m ${'x'.repeat(200_000)}`
    const xml = formatJUnit(report({ outcome: 'failed', problems: [{ code: 'INTERNAL', message }] }))
    const error = parseXml(xml)
      .children.flatMap((suite) => named(suite, 'testcase'))
      .flatMap((one) => named(one, 'error'))
    expect(error[0]?.text).toMatch(/^red x+… \(\d+ characters more\)$/)
    expect(xml.length).toBeLessThan(80_000)
  })
})
