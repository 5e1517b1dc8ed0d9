/** A statement that opens to what stands behind it: its test, its reasons and the figures as machines read them. */
import type { Expectation } from '../../expect/expectation.ts'
import type { TestReport } from '../run-report.ts'
import { markup, type Content, type Markup } from './markup.ts'
import { reasonsOf } from './not-passed.ts'
import { duration } from './words.ts'

export function detailsOf(one: Expectation, test: TestReport): Markup {
  const { statement, detail, interval, basis, properties, reasons, verdict } = one
  const entries: (readonly [string, Content])[] = [
    ['Test', test.seconds > 0 ? `${test.name}, ${duration(test.seconds)}` : test.name],
    ...(detail === undefined ? [] : [['Made of', detail] as const]),
    ...(interval === undefined ? [] : [['Rounds', levelOf(interval)] as const]),
    ...(basis === undefined ? [] : [['Evidence', basis.on] as const]),
    ...Object.entries(properties).map(([name, value]) => [name, String(value)] as const),
  ]
  return markup`<details class="more"><summary>${statement}</summary>${verdict === 'passed' && reasonsOf(reasons)}<dl class="facts">${entries.map(([term, what]) => markup`<dt>${term}</dt><dd>${what}</dd>`)}</dl></details>`
}

const levelOf = ({ rounds, level }: NonNullable<Expectation['interval']>): string =>
  `${rounds}; this one interval at ${(level * 100).toFixed(1)} %, 95 % over all looks`
