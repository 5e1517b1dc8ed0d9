/** Formats a measurement: a summary for the terminal, docs/faults.md and docs/certification.md. */
import type { FaultDeclaration } from '../../harness/rack/fault-catalogue.ts'
import { formatShare, type Goal } from './goals.ts'
import { acceptancesOf, FIRST_ROUNDS, HEALTHY, RACK, type Tally } from './tally.ts'

export function formatSummary(tallies: readonly Tally[]): string {
  const width = Math.max(...tallies.map(({ fault }) => fault.length))
  const row = (fault: string, ...cells: readonly (string | number)[]): string =>
    [fault.padEnd(width), ...cells.map((cell) => String(cell).padStart(12))].join(' ')
  return [
    row('fault', 'acceptances', 'passed', 'failed', 'inconclusive'),
    ...tallies.map((one) => row(one.fault, acceptancesOf(one), one.passed, one.failed, one.inconclusive)),
  ].join('\n')
}

/** At most 80 lines: the declarations are linked, not quoted. */
export function faultsPage(catalogue: readonly FaultDeclaration[], tallies: readonly Tally[]): string {
  const byFault = new Map(tallies.map((tally) => [tally.fault, tally]))
  const families = Map.groupBy(catalogue, ({ family }) => family)
  const rows = [...families.values()]
    .flatMap((family) => family.toSorted(bySize))
    .map((fault) => faultRow(fault, byFault.get(fault.name)))
  return `# What is caught

Written by \`npm run faults\` and \`npm run certify\`; do not edit it. Every fault of [fixtures/faults](../fixtures/faults) was
simulated with \`suites/numa\`: ${method(tallies)}
A fault is caught when the acceptance does not pass. Of the tests that catch a fault most often, the table names the first.
All of them, with counts, are in [data/faults.json](data/faults.json).

| fault | size | caught | first test that catches it |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}

/** \`docs/certification.md\`: how often the suites are wrong. */
export function certificationPage(tallies: readonly Tally[], goals: readonly Goal[]): string {
  const rows = tallies.map(
    (one) =>
      `| ${one.fault} | ${one.passed} | ${one.failed} | ${one.inconclusive} | ${share(one)} | ${one.meanRounds} |`,
  )
  return `# How often the suites are wrong

Written by \`npm run certify\` and \`npm run faults\`; do not edit it. An acceptance is one run of \`suites/numa\` in virtual
time: ${method(tallies)}
Which tests did not pass, with counts, is in [data/faults.json](data/faults.json).

## Goals

| goal | measured | met |
| --- | --- | --- |
${goals.map(({ goal, measured, met }) => `| ${goal} | ${measured} | ${met ? 'yes' : 'no'} |`).join('\n')}

## Acceptances by fault

The fault \`${HEALTHY}\` is a healthy rack. Rounds are the mean over the acceptances.

| fault | passed | failed | inconclusive | not passed | rounds |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`
}

function method(tallies: readonly Tally[]): string {
  const healthy = tallies.find(({ fault }) => fault === HEALTHY)
  const faulty = tallies.find(({ fault }) => fault !== HEALTHY)
  return `${faulty === undefined ? 0 : acceptancesOf(faulty)} acceptances of each fault and
${healthy === undefined ? 0 : acceptancesOf(healthy)} of a healthy rack, on \`${RACK}\` with ${FIRST_ROUNDS} rounds before the first look. The
figures come from the rack's link model: they are EMULATED. Shares have 95 % Wilson intervals.`
}

/** 5 % before 20 %. */
const bySize = (a: FaultDeclaration, b: FaultDeclaration): number =>
  a.size.localeCompare(b.size, 'en', { numeric: true })

function faultRow({ name, family, size }: FaultDeclaration, tally: Tally | undefined): string {
  const link = `[${size}](../fixtures/faults/${name}.yaml)`
  return tally === undefined
    ? `| ${family} | ${link} | not measured | |`
    : `| ${family} | ${link} | ${share(tally)} | ${firstTest(tally)} |`
}

const share = (tally: Tally): string => {
  const acceptances = acceptancesOf(tally)
  return formatShare(acceptances - tally.passed, acceptances).replace(/^[^,]*, /, '')
}

/** Without its suite. */
function firstTest({ notPassed }: Tally): string {
  const most = Math.max(...Object.values(notPassed))
  const test = Object.keys(notPassed).find((name) => notPassed[name] === most)
  return test?.split(' > ').at(-1) ?? 'none; the declaration gives the reason'
}
