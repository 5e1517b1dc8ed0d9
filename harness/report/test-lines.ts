/**
 * Formats the tests of a run one after the other for a terminal. Headings are repeated where they change. Several consecutive
 * tests that were skipped for one reason share a line.
 */
import { environmentOf, type Environment, type RunReport, type TestReport } from './run-report.ts'
import {
  formatEnd,
  formatPlace,
  formatSkipped,
  formatStart,
  formatTest,
  NOWHERE,
  placeOf,
  type Style,
} from './terminal.ts'

/** From so many on, skipped tests share a line. */
const SEVERAL = 3

interface Listed {
  readonly test: TestReport
  readonly environment: Environment
}

export class TestLines {
  #place = NOWHERE
  readonly #explained = new Set<string>()
  #skipped: Listed[] = []

  /** The lines of this test, and of the skipped tests before it. A skipped test has none until another test follows. */
  add(test: TestReport, environment: Environment, style: Style): readonly string[] {
    const one = { test, environment }
    const [first] = this.#skipped
    if (test.verdict === 'skipped' && (first === undefined || isAlike(first, one))) {
      this.#skipped.push(one)
      return []
    }
    const before = this.end(style)
    if (test.verdict !== 'skipped') return [...before, ...this.#format(one, style)]
    this.#skipped = [one]
    return before
  }

  /** The lines of skipped tests that no other test has followed. */
  end(style: Style): readonly string[] {
    const skipped = this.#skipped
    this.#skipped = []
    const [first] = skipped
    if (first === undefined || skipped.length < SEVERAL)
      return skipped.flatMap((one) => this.#format(one, style))
    const oneSuite = skipped.every(({ test }) => suiteOf(test) === suiteOf(first.test))
    const test = oneSuite ? first.test : { ...first.test, suite: [] }
    const tests = skipped.map((one) => one.test)
    return [...this.#headings({ ...first, test }, style), ...formatSkipped(test, tests, style)]
  }

  #format(one: Listed, style: Style): readonly string[] {
    return [...this.#headings(one, style), ...formatTest(one.test, style, this.#explained)]
  }

  #headings({ test, environment }: Listed, style: Style): readonly string[] {
    const place = placeOf(test, environment)
    const lines = formatPlace(place, this.#place, style)
    this.#place = place
    return lines
  }
}

const suiteOf = ({ suite }: TestReport): string => suite.join(' > ')

const isAlike = ({ test: a }: Listed, { test: b }: Listed): boolean =>
  a.file === b.file && a.skipReason === b.skipReason

/** Formats a whole run, in the order of its tests. */
export function formatTerminal(report: RunReport, style: Style): string {
  const lines = new TestLines()
  const tests = report.tests.flatMap((test) => lines.add(test, environmentOf(report, test.file), style))
  return [...formatStart(report, style), ...tests, ...lines.end(style), ...formatEnd(report, style)].join(
    '\n',
  )
}
