/** Formats a measurement: a summary for the terminal, docs/faults.md and docs/certification.md. */
import type { FaultDeclaration } from '../../harness/rack/fault-catalogue.ts'
import { formatPercent } from '../../harness/core/units.ts'
import { formatShare, type Goal } from './goals.ts'
import { HEALTHY } from './jobs.ts'
import { BAD_IN_BASELINE, NODE_SPREAD } from './measure-baseline.ts'
import {
  acceptancesOf,
  FIRST_ROUNDS,
  RACK,
  summed,
  type BaselineTally,
  type Cell,
  type Measured,
  type Tally,
} from './tally.ts'

export function formatSummary({ tallies, racks, againstBaselines }: Measured): string {
  const lines = [
    ...tallies.map((one) => ({ name: one.fault, ...one })),
    ...bySizeOfRack(racks).map((one) => ({ name: `${one.nodes} nodes, ${one.fault}`, ...one })),
    ...againstBaselines.map((one) => ({ name: `baseline of ${one.nodes} nodes, ${one.fault}`, ...one })),
  ]
  const width = Math.max(...lines.map(({ name }) => name.length))
  const row = (name: string, ...cells: readonly (string | number)[]): string =>
    [name.padEnd(width), ...cells.map((cell) => String(cell).padStart(12))].join(' ')
  return [
    row('fault', 'acceptances', 'passed', 'failed', 'inconclusive'),
    ...lines.map((one) => row(one.name, acceptancesOf(one), one.passed, one.failed, one.inconclusive)),
  ].join('\n')
}

/** Two for each size: the healthy racks, and those with any fault. */
function bySizeOfRack(racks: readonly Cell[]): readonly Cell[] {
  const sizes = [...new Set(racks.map(({ nodes }) => nodes))].toSorted((a, b) => a - b)
  return sizes.flatMap((nodes) => {
    const own = racks.filter((one) => one.nodes === nodes)
    const [healthy, faulty] = [own.filter(isHealthy), own.filter((one) => !isHealthy(one))]
    return [
      { nodes, fault: HEALTHY, ...summed(healthy) },
      { nodes, fault: 'any', ...summed(faulty) },
    ]
  })
}

const isHealthy = ({ fault }: { readonly fault: string }): boolean => fault === HEALTHY

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

/** `docs/certification.md`: how often the suites are wrong. */
export function certificationPage(
  { tallies, racks, againstBaselines, baselines }: Measured,
  goals: readonly Goal[],
): string {
  return `# How often the suites are wrong

Written by \`npm run certify\`; do not edit it. An acceptance is one run of \`suites/numa\` in virtual
time: ${method(tallies)}
Racks of 2 to 16 nodes and baselines are counted in sections of their own. Which tests did not pass, with counts, is in
[data/faults.json](data/faults.json).

## Goals

| goal | measured | met |
| --- | --- | --- |
${goals.map(({ goal, measured, met }) => `| ${goal} | ${measured} | ${met ? 'yes' : 'no'} |`).join('\n')}

A fault that a test must catch is one whose declaration in [fixtures/faults](../fixtures/faults) lists a test under \`caught\`: its
size is at or beyond what the suite states to detect. Faults that are caught by chance, or not at all, are in the tables and in no
goal.

## Racks of 2 to 16 nodes

${acceptancesOf(summed(racks))} acceptances of racks made of the same nodes, half of them healthy. In the others one fault of the catalogue is on a node
and on a NIC or GPU drawn at random. A rack of n nodes is measured in n pairs, so larger racks were simulated less often.

| nodes | fault | passed | failed | inconclusive | not passed |
| --- | --- | --- | --- | --- | --- |
${bySizeOfRack(racks).map(cellRow).join('\n')}

By fault, over all sizes:

| fault | passed | failed | inconclusive | not passed |
| --- | --- | --- | --- | --- |
${byFault(racks).map(faultCells).join('\n')}

## Acceptances against a baseline

The profile states nothing but what \`claimcheck baseline\` proposes from 6 rounds or more on a rack of so many nodes, whose NICs
differ from node to node by a standard deviation of ${formatPercent(NODE_SPREAD)}. In every second rack of three nodes and more, all NICs of one node are
${formatPercent(BAD_IN_BASELINE)} slower; the baseline must leave that node out. The lower bound is the median over the baselines.

| nodes | baselines | refused | with a bad node | left it out | left out a sound node | lower bound |
| --- | --- | --- | --- | --- | --- | --- |
${baselines.map(baselineRow).join('\n')}

Then two other nodes are accepted against it: sound ones, and ones of which one has slower NICs.

| baseline of | fault | passed | failed | inconclusive | not passed |
| --- | --- | --- | --- | --- | --- |
${againstBaselines.toSorted(byNodesAndFault).map(cellRow).join('\n')}

## Acceptances by fault

Two nodes, with the fault where its declaration has it. The fault \`${HEALTHY}\` is a healthy rack. Rounds are the mean over the
acceptances.

| fault | passed | failed | inconclusive | not passed | rounds |
| --- | --- | --- | --- | --- | --- |
${tallies.map((one) => `${faultCells(one)} ${one.meanRounds} |`).join('\n')}
`
}

const cellRow = (one: Cell): string => `| ${one.nodes} nodes ${faultCells(one)}`

const faultCells = (one: Cell | Tally): string =>
  `| ${[one.fault, one.passed, one.failed, one.inconclusive, share(one)].join(' | ')} |`

const baselineRow = (one: BaselineTally): string =>
  `| ${[
    one.nodes,
    one.baselines,
    one.refused,
    one.withBadNode,
    one.badLeftOut,
    one.soundLeftOut,
    `-${formatPercent(one.lower)}`,
  ].join(' | ')} |`

const byFault = (cells: readonly Cell[]): readonly Cell[] =>
  [...Map.groupBy(cells, ({ fault }) => fault)]
    .map(([fault, own]) => ({ nodes: 0, fault, ...summed(own) }))
    .toSorted((a, b) => Number(isHealthy(b)) - Number(isHealthy(a)) || (a.fault < b.fault ? -1 : 1))

const byNodesAndFault = (a: Cell, b: Cell): number =>
  a.nodes - b.nodes ||
  Number(isHealthy(b)) - Number(isHealthy(a)) ||
  a.fault.localeCompare(b.fault, 'en', { numeric: true })

function method(tallies: readonly Tally[]): string {
  const healthy = tallies.find(isHealthy)
  const faulty = tallies.find((one) => !isHealthy(one))
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

const share = (tally: Tally | Cell): string => {
  const acceptances = acceptancesOf(tally)
  return formatShare(acceptances - tally.passed, acceptances).replace(/^[^,]*, /, '')
}

/** Without its suite. */
function firstTest({ notPassed }: Tally): string {
  const most = Math.max(...Object.values(notPassed))
  const test = Object.keys(notPassed).find((name) => notPassed[name] === most)
  return test?.split(' > ').at(-1) ?? 'none; the declaration gives the reason'
}
