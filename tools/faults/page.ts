/** docs/faults.md as text. Takes declarations and what a run made of them; gives Markdown. */
import type { FaultDeclaration } from '../../harness/rack/fault-catalogue.ts'
import type { FaultOutcome } from './measure.ts'
import { wilsonInterval } from '../../harness/measure/wilson-interval.ts'

export interface FaultsRun {
  readonly catalogue: readonly FaultDeclaration[]
  readonly outcomes: readonly FaultOutcome[]
  readonly healthy: FaultOutcome
  readonly rack: string
  readonly rounds: number
}

export function faultsPage({ catalogue, outcomes, healthy, rack, rounds }: FaultsRun): string {
  const seeds = healthy.seeds.map(({ seed }) => seed)
  const byName = new Map(outcomes.map((outcome) => [outcome.name, outcome]))
  const families = [...new Set(catalogue.map(({ family }) => family))]
  const ordered = families.flatMap((family) =>
    catalogue.filter((fault) => fault.family === family).toSorted(bySize),
  )
  return `# What is caught

Written by \`npm run faults\` from the declarations in \`fixtures/faults/\` and a run of \`suites/numa\` over each of them, in
the model runtime, EMULATED: rack \`${rack}\`, ${rounds} rounds before the first look, seeds ${seeds[0]} to ${seeds.at(-1)}.
Do not edit it. Caught means that a gate is not green: some test failed or was inconclusive. Shares are followed by their
Wilson intervals at 95 %.

${catalogue.length} faults; ${catalogue.filter(({ notCaught }) => notCaught === undefined).length} are caught, ${catalogue.filter(({ notCaught }) => notCaught !== undefined).length} are not and say why.
A rack without any fault was called bad in ${rate(healthy)} of its acceptances.

| fault | size | caught | by |
|---|---|---|---|
${ordered.map((fault) => row(fault, byName.get(fault.name))).join('\n')}

${ordered.map((fault) => section(fault, byName.get(fault.name))).join('\n')}`
}

/** 5 % before 20 %. */
const bySize = (a: FaultDeclaration, b: FaultDeclaration): number =>
  a.size.localeCompare(b.size, 'en', { numeric: true })

function row({ name, family, size }: FaultDeclaration, outcome: FaultOutcome | undefined): string {
  if (outcome === undefined) return `| ${family} | [${size}](#${name}) | not run | |`
  const failures = testsOf(outcome, 'failed')
  const shown = failures.length > 0 ? failures : testsOf(outcome, 'inconclusive')
  const more =
    failures.length > 0 && testsOf(outcome, 'inconclusive').length > 0 ? '; others inconclusive' : ''
  const doubt = failures.length === 0 && shown.length > 0 ? ' (inconclusive)' : ''
  return `| ${family} | [${size}](#${name}) | ${rate(outcome)} | ${shown.map(({ test }) => test).join('; ')}${doubt}${more} |`
}

function section(fault: FaultDeclaration, outcome: FaultOutcome | undefined): string {
  const { name, title, field, runtimes, names, limit, notCaught } = fault
  const lines = [
    `## ${name}`,
    '',
    `${title}. ${field}`,
    '',
    `Runtimes: ${runtimes.join(', ')}.${names.length === 0 ? '' : ` The message names ${names.map((one) => `\`${one}\``).join(' and ')}.`}`,
    '',
    '```yaml',
    ...fault.faults.map((one) => `- ${flow(one)}`),
    '```',
    '',
  ]
  const red =
    outcome === undefined ? [] : [...testsOf(outcome, 'failed'), ...testsOf(outcome, 'inconclusive')]
  if (red.length > 0) {
    lines.push('| test | verdict | in |', '|---|---|---|')
    for (const { test, verdict, code, share } of red)
      lines.push(`| ${test} | ${verdict} ${code} | ${share} |`)
    lines.push('')
  }
  if (notCaught !== undefined) lines.push(`Not caught: ${notCaught}`, '')
  if (limit !== undefined) lines.push(`Limit: ${limit}`, '')
  return lines.join('\n')
}

/** As a person would write it in a rack file; sizes and times in bytes and seconds. */
const flow = (fault: object): string =>
  `{ ${Object.entries(fault)
    .map(([key, value]) => `${key}: ${String(value)}`)
    .join(', ')} }`

function testsOf({ seeds }: FaultOutcome, verdict: 'failed' | 'inconclusive') {
  const counts = new Map<string, { test: string; code: string; verdict: string; hits: number }>()
  for (const { test, code, verdict: own } of seeds.flatMap(({ red }) => red)) {
    if (own !== verdict) continue
    const key = `${test} ${code}`
    counts.set(key, { test, code, verdict, hits: (counts.get(key)?.hits ?? 0) + 1 })
  }
  return [...counts.values()]
    .sort((a, b) => b.hits - a.hits)
    .map((one) => ({ ...one, share: percent(one.hits / seeds.length) }))
}

function rate({ seeds }: FaultOutcome): string {
  const hits = seeds.filter(({ red }) => red.length > 0).length
  const { low, high } = wilsonInterval(hits, seeds.length)
  return `${percent(hits / seeds.length)} [${percent(low)}, ${percent(high)}]`
}

const percent = (share: number): string => `${(share * 100).toFixed(share === 0 || share === 1 ? 0 : 1)} %`
