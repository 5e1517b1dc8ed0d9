/** The tables of docs/statistics.md. Takes the answers for all kinds of noise; gives Markdown. */
import type { Answer } from './worker.ts'
import { DISTANCES } from './schemes.ts'

const percent = (share: number): string => (Number.isFinite(share) ? (100 * share).toFixed(1) : 'none')

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n')
}

const named = (answers: readonly Answer[]): string[] => answers.map(({ noise }) => noise)

/** One table a question: share of runs missed under each noise, and the reach under normal noise at the looks. */
export function coverageTables(answers: readonly Answer[]): string {
  const [normal] = answers
  const questions = [...new Set(normal?.tallies.map(({ question }) => question))]
  return questions
    .map((question) => {
      const own = normal?.tallies.filter((tally) => tally.question === question) ?? []
      const rows = own.map(({ method, reach }, index) => [
        index === 0 ? `**${method}**` : method,
        ...answers.map(({ tallies }) => {
          const tally = tallies.find((one) => one.question === question && one.method === method)
          return tally === undefined ? '' : percent(tally.misses / tally.runs)
        }),
        reach.map(percent).join(' / '),
      ])
      return `### ${question}\n\n${table(['missed, %', ...named(answers), '± % at 3 / 5 / 8 rounds'], rows)}`
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
