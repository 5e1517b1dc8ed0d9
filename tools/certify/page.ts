/** The certification as text. Takes tallies and goals; gives a summary for the terminal and the page under docs/. */
import { shareOf, type Goal } from './goals.ts'
import type { Tally } from './tally.ts'

const totalOf = ({ passed, failed, inconclusive }: Tally): number => passed + failed + inconclusive

export function summaryOf(tallies: readonly Tally[]): string {
  const width = Math.max(...tallies.map(({ truth }) => truth.length))
  const row = (truth: string, ...cells: readonly (string | number)[]): string =>
    [truth.padEnd(width), ...cells.map((cell) => String(cell).padStart(12))].join(' ')
  return [
    row('truth', 'acceptances', 'passed', 'failed', 'inconclusive'),
    ...tallies.map((tally) =>
      row(tally.truth, totalOf(tally), tally.passed, tally.failed, tally.inconclusive),
    ),
  ].join('\n')
}

export function pageOf(tallies: readonly Tally[], goals: readonly Goal[]): string {
  const good = tallies.filter(({ truth }) => truth === 'good')
  const bad = tallies.filter(({ truth }) => truth !== 'good')
  return `# How often the suites are wrong

Written by \`npm run certify\`; do not edit it by hand. Every acceptance is one run of \`suites/numa\` in virtual time against
the rack of \`fixtures/racks/h100-2node.yaml\` with a seed of its own and one fault of \`fixtures/faults/\`, or none. Figures
come from the rack's link model: they are EMULATED. Intervals are Wilson's, 95 %.

## Goals

| goal | measured | met |
| --- | --- | --- |
${goals.map(({ goal, measured, met }) => `| ${goal} | ${measured} | ${met ? 'yes' : 'no'} |`).join('\n')}

## Racks without a fault

${table(good)}

## Racks with a fault

A rack is caught when its acceptance did not pass: failed, or inconclusive with a reason.

${table(bad)}
`
}

function table(tallies: readonly Tally[]): string {
  const rows = tallies.map((tally) => {
    const total = totalOf(tally)
    const by = Object.entries(tally.caughtBy)
      .sort(([, a], [, b]) => b - a)
      .map(([test, times]) => `${test} (${times})`)
    return `| ${tally.truth} | ${tally.passed} | ${tally.failed} | ${tally.inconclusive} | ${shareOf(total - tally.passed, total)} | ${(tally.rounds / total).toFixed(1)} | ${by.join('; ') || 'nothing'} |`
  })
  return [
    '| truth | passed | failed | inconclusive | not passed | rounds | by |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}
