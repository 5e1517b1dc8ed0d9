/** The summary of a run in Markdown, as GitHub shows it on the page of a workflow run. */
import { factsOf, type Expectation } from '../../expect/expectation.ts'
import type { SkuGpu } from '../../sku/sku.ts'
import { describeCoverage, describeLeftOut } from '../coverage.ts'
import { isGreen, type RunReport, type TestReport } from '../run-report.ts'

/** GitHub drops a summary of more than 1 MiB. */
const MOST_CHARACTERS = 500_000
const MOST_ROWS = 300

const MARKS: Readonly<Record<TestReport['verdict'], string>> = {
  passed: '✅',
  waived: '⚠️',
  warned: '⚠️',
  failed: '❌',
  inconclusive: '❔',
  interrupted: '❔',
  skipped: '➖',
}

export function formatStepSummary(report: RunReport): string {
  const parts = [
    verdictOf(report),
    ...notPassed(report),
    ...figures(report),
    ...topologies(report),
    ...(report.notes ?? []).map((note) => `> ${escaped(note)}\n`),
  ]
  const text = parts.join('\n')
  return text.length <= MOST_CHARACTERS
    ? text
    : `${text.slice(0, MOST_CHARACTERS).toWellFormed()}\n\nShortened; the whole is in results.json.\n`
}

function verdictOf(report: RunReport): string {
  const counts = Object.entries(Object.groupBy(report.tests, ({ verdict }) => verdict))
    .map(([verdict, all]) => `${all.length} ${verdict}`)
    .join(', ')
  const emulated = report.tests.some(({ expectations }) => expectations.some((one) => one.emulated))
  const { coverage } = report
  const covered = coverage === undefined ? [] : [describeCoverage(coverage), ...describeLeftOut(coverage)]
  return [
    `## ${isGreen(report) ? '✅ passed' : '❌ not passed'}: claimcheck, target ${escaped(report.target)}${emulated ? ', EMULATED' : ''}`,
    '',
    escaped(counts === '' ? 'no test' : counts),
    '',
    ...covered.map((line) => `- ${escaped(line)}`),
    '',
  ].join('\n')
}

function notPassed({ tests, problems }: RunReport): readonly string[] {
  const rows = [
    ...problems.map(({ code, message, file }) => ['❔', file ?? 'the run', code, message] as const),
    ...tests.flatMap((test) => [
      ...test.problems.map(({ code, message }) => [MARKS[test.verdict], test.name, code, message] as const),
      ...test.expectations
        .filter(({ verdict }) => verdict !== 'passed')
        .map((one) => [MARKS[test.verdict], one.statement, one.code ?? '', whyOf(one)] as const),
    ]),
  ]
  return rows.length === 0 ? [] : ['### Not passed', '', ...table(['', 'what', 'code', 'why'], rows), '']
}

const whyOf = (one: Expectation): string => [...factsOf(one), ...one.reasons].join('\n')

function figures({ tests }: RunReport): readonly string[] {
  const rows = tests.flatMap((test) =>
    test.expectations.map(
      (one) =>
        [
          MARKS[test.verdict],
          one.statement,
          one.measured,
          one.limit,
          one.emulated ? 'EMULATED' : '',
        ] as const,
    ),
  )
  if (rows.length === 0) return []
  const head = `<details><summary>Figures of ${rows.length} expectations</summary>`
  return [head, '', ...table(['', 'statement', 'measured', 'limit', ''], rows), '', '</details>', '']
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`
  const more = rows.length - MOST_ROWS
  return [
    line(head),
    `|${' --- |'.repeat(head.length)}`,
    ...rows.slice(0, MOST_ROWS).map(line),
    ...(more > 0 ? ['', `and ${more} more in results.json`] : []),
  ]
}

/** Each SKU once. Devices that a reason names are drawn with a red border. */
function topologies({ files, tests }: RunReport): readonly string[] {
  const skus = new Map(
    Object.values(files).flatMap(({ profile }) => (profile ? [[profile.name, profile]] : [])),
  )
  const reasons = tests.flatMap(({ expectations }) => expectations.flatMap((one) => one.reasons)).join('\n')
  const words = new Set(reasons.split(/[^\w.-]+/).map((word) => word.replace(/[.-]+$/, '')))
  const isNamed = (device: string): boolean => words.has(device)
  return [...skus.values()].flatMap((sku) => [
    `<details><summary>Topology of ${escaped(sku.name)}</summary>`,
    '',
    '```mermaid',
    ...mermaidOf(sku, isNamed),
    '```',
    '',
    '</details>',
    '',
  ])
}

type Device = Pick<SkuGpu, 'name' | 'numaNode'>

function mermaidOf(
  { gpus, nics }: { readonly gpus: readonly Device[]; readonly nics: readonly Device[] },
  isNamed: (device: string) => boolean,
): readonly string[] {
  const devices = [
    ...gpus.map(({ name, numaNode }, index) => ({ id: `gpu${index}`, name, numaNode })),
    ...nics.map(({ name, numaNode }, index) => ({ id: `nic${index}`, name, numaNode })),
  ]
  const numaNodes = [...new Set(devices.map(({ numaNode }) => numaNode))].sort((a, b) => a - b)
  const named = devices.filter(({ name }) => isNamed(name)).map(({ id }) => id)
  return [
    'flowchart LR',
    ...numaNodes.flatMap((numaNode) => [
      `  subgraph numa${numaNode}["NUMA node ${numaNode}"]`,
      ...devices
        .filter((device) => device.numaNode === numaNode)
        .map(({ id, name }) => `    ${id}["${name.replaceAll(/[^\w.-]/g, '_')}"]`),
      '  end',
    ]),
    ...numaNodes.slice(1).map((numaNode, index) => `  numa${numaNodes[index]} --- numa${numaNode}`),
    ...(named.length === 0
      ? []
      : ['  classDef named stroke:#d1242f,stroke-width:3px', `  class ${named.join(',')} named`]),
  ]
}

/** Text from a pod or a driver must not become Markdown, HTML or a mention. */
const escaped = (text: string): string =>
  text
    .replaceAll(/[&<>|`*_[\]\\#@~!$]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replaceAll(/\s*\n\s*/g, '<br>')
