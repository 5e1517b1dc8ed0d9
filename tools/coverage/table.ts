/** Formats the counts of all kinds of noise as the Markdown tables of docs/statistics.md. */
import type { Answer } from './worker.ts'
import { DISTANCES } from './schemes.ts'

const percent = (share: number): string => (Number.isFinite(share) ? (100 * share).toFixed(1) : 'none')

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n')
}

const named = (answers: readonly Answer[]): string[] => answers.map(({ noise }) => noise)

/** One table per estimand: the share of misses under each noise, and the interval's half-width under normal noise by look. */
export function coverageTables(answers: readonly Answer[]): string {
  const [normal] = answers
  const estimands = [...new Set(normal?.tallies.map(({ estimand }) => estimand))]
  return estimands
    .map((estimand) => {
      const own = normal?.tallies.filter((tally) => tally.estimand === estimand) ?? []
      const rows = own.map(({ method, reach }, index) => [
        index === 0 ? `**${method}**` : method,
        ...answers.map(({ tallies }) => {
          const tally = tallies.find((one) => one.estimand === estimand && one.method === method)
          return tally === undefined ? '' : percent(tally.misses / tally.runs)
        }),
        reach.map(percent).join(' / '),
      ])
      return `### ${estimand}\n\n${table(['missed, %', ...named(answers), '± % at 3 / 5 / 8 rounds'], rows)}`
    })
    .join('\n\n')
}

export function schemeTable(answers: readonly Answer[]): string {
  const [normal] = answers
  const rows = (normal?.schemes ?? []).map(({ scheme, decisions }, i) => [
    i === 0 ? `**${scheme}**` : scheme,
    ...answers.map(({ schemes }) => percent(schemes[i]?.misses ?? Number.NaN)),
    ...decisions.map(({ undecided, rounds }) => `${percent(undecided)} / ${rounds.toFixed(1)}`),
  ])
  return table(['missed, %', ...named(answers), ...DISTANCES.map((d) => `${d} sd`)], rows)
}

export function trendTable(answers: readonly Answer[]): string {
  const rows = Object.keys(answers[0]?.falseAlarms ?? {}).map((test) => [
    test,
    ...answers.map(({ falseAlarms }) => percent(falseAlarms[test] ?? Number.NaN)),
  ])
  return table(['false alarms, %', ...named(answers)], rows)
}
