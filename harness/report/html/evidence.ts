/** Evidence as tables, folded: what pods were given and saw, and what drivers publish. */
import { z } from 'zod'
import { markup, type Markup } from './markup.ts'
import { tableOf, type Table } from './plots/figure.ts'
import type { RecordedEvidence, RecordedSlices } from './recorded-evidence.ts'
import type { RunView } from './run-view.ts'
import { count } from './words.ts'

/** Nodes whose devices are listed; results.json has all. */
const MOST_NODES = 32

/** What a container saw, as far as a table can show it. */
const visibleDevices = z.object({
  gpus: z.array(z.object({ pci_address: z.string() })).optional(),
  infiniband: z.array(z.object({ path: z.string() })).optional(),
  interfaces: z.array(z.object({ name: z.string() })).optional(),
})

export function evidence({ evidence, prefix, report }: RunView): Markup | undefined {
  const parts = [...evidence].flatMap(([file, own]) => {
    const folds = [...podFolds(own), ...publishedFolds(own), ...unknownFolds(own)]
    return folds.length === 0 ? [] : [markup`<h3>${file}</h3>${folds}`]
  })
  const notes = report.notes ?? []
  if (parts.length + notes.length === 0) return undefined
  return markup`<section class="evidence" id="${prefix}evidence"><h2>Evidence</h2><p class="quiet">All samples, counters and allocations are in results.json.</p>
${notes.map((note) => markup`<p class="lines">${note}</p>`)}${parts}</section>`
}

const fold = (title: string, table: Table): Markup =>
  markup`<details class="bulk"><summary>${title}</summary>${tableOf(table, title)}</details>\n`

const podFolds = ({ pods }: RecordedEvidence): readonly Markup[] =>
  pods.flatMap(({ name, claims = [], seen = [], failure }) => [
    ...(failure === undefined
      ? []
      : [markup`<p class="hint lines">${name}: ${failure.code}: ${failure.message}</p>`]),
    ...(claims.length === 0
      ? []
      : [
          fold(`${name}: ${count(claims.length, 'claim')}`, {
            columns: ['claim', 'node', 'GPUs', 'NICs'],
            rows: claims.map(({ name, node, gpus, nics }) => [
              name,
              node,
              gpus.map(({ name }) => name).join(', '),
              nics.map(({ rdmaDevice, ifName, name }) => rdmaDevice ?? ifName ?? name).join(', '),
            ]),
          }),
        ]),
    ...(seen.length === 0
      ? []
      : [
          fold(`${name}: what ${count(seen.length, 'container')} saw`, {
            columns: ['container', 'node', 'GPUs', '/dev/infiniband', 'interfaces'],
            rows: seen.map(({ container, node, visible }) => {
              const {
                gpus = [],
                infiniband = [],
                interfaces = [],
              } = visibleDevices.safeParse(visible).data ?? {}
              return [
                container,
                node,
                gpus.map((gpu) => gpu.pci_address).join(', '),
                infiniband.map(({ path }) => path.slice(path.lastIndexOf('/') + 1)).join(', '),
                interfaces.map(({ name }) => name).join(', '),
              ]
            }),
          }),
        ]),
  ])

const publishedFolds = ({ published }: RecordedEvidence): readonly Markup[] =>
  published.map((one) => {
    const left = one.nodes.length - MOST_NODES
    const title = `Published devices of ${count(one.nodes.length, 'node')}${left > 0 ? `, the first ${MOST_NODES} listed` : ''}`
    return fold(title, publishedTable(one))
  })

function publishedTable({ nodes, slices }: RecordedSlices): Table {
  const shown = new Set(nodes.slice(0, MOST_NODES))
  const rows = slices
    .filter(({ spec }) => spec.nodeName !== undefined && shown.has(spec.nodeName))
    .flatMap(({ spec }) =>
      (spec.devices ?? []).map(({ name, attributes = {} }) => {
        const of = (pattern: RegExp): string => {
          const found = Object.entries(attributes).find(([key]) => pattern.test(key))?.[1]
          const [value] = Object.values(found ?? {})
          return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
        }
        return [
          name,
          spec.nodeName ?? '',
          spec.driver,
          of(/\/pci(BusID|Address)$/),
          of(/\/pcieRoot$/),
          of(/numaNode$/),
          of(/(^|\/)(productName|pciDevice)$/),
        ]
      }),
    )
  return { columns: ['device', 'node', 'driver', 'PCI address', 'PCIe root', 'NUMA node', 'model'], rows }
}

const unknownFolds = ({ unknown }: RecordedEvidence): readonly Markup[] =>
  unknown.map(
    (name) =>
      markup`<p class="quiet">The evidence ${name} is of a form that this version of claimcheck does not show.</p>`,
  )
