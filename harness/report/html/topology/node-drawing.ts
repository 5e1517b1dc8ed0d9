/**
 * One node, or two face to face, as `lstopo` would draw them: NUMA nodes, PCIe roots, GPUs and NICs, with the claims of
 * each arm, the way of the bytes as lines as wide as the bytes are many, injected faults, and what failures name.
 */
import { formatBytes, formatRate, bytes, gigabytesPerSecond } from '../../../core/units.ts'
import { markup, px, type Content, type Markup } from '../markup.ts'
import type { Plot } from '../plots/figure.ts'
import { legend, LEGEND_LINE, lineOf, markOf } from '../plots/series.ts'
import { BETWEEN_NODES, distanceAlong } from './path-distance.ts'
import { shortText } from '../printable-text.ts'
import type { MappedDevice, NodeMap, RootGroup } from './node-map.ts'
import type { UsedPath } from './used-paths.ts'

const NODE = 326
const BETWEEN = 120
const BOX = { width: 104, height: 32 }
const ROW = 40
const INDENT = 22
const HEAD = 30
const ALARM = '#c0392b'

interface Placed {
  readonly device: MappedDevice
  readonly node: string
  readonly x: number
  readonly y: number
}

interface Layout {
  readonly boxes: readonly Placed[]
  readonly frames: readonly Markup[]
  readonly height: number
}

export function nodeDrawing(
  nodes: readonly NodeMap[],
  arms: readonly string[],
  paths: readonly UsedPath[],
): Plot {
  const layouts = nodes.map((node, index) => layoutOf(node, index * (NODE + BETWEEN), index === 1))
  const boxes = layouts.flatMap((layout) => layout.boxes)
  const single = nodes.length === 1
  const width = single ? NODE + BETWEEN : 2 * NODE + BETWEEN
  const bottom = Math.max(...layouts.map(({ height }) => height))
  const distanceOf = (path: UsedPath): string => distanceAlong(path, nodes)
  const marked = boxes.filter(({ device }) => device.named || device.faults.length > 0)
  return {
    title: single ? `Node ${nodes[0]?.node ?? ''}` : `Nodes ${nodes.map(({ node }) => node).join(' and ')}`,
    alternative: [
      `${boxes.length} devices on ${nodes.map(({ node, sockets }) => `${node} with ${sockets.length} NUMA ${sockets.length === 1 ? 'node' : 'nodes'}`).join(' and ')}`,
      ...arms.map(
        (arm) => `${arm} claims ${boxes.filter(({ device }) => device.arms.includes(arm)).length} of them`,
      ),
      ...marked.map(({ node, device }) => `${node}/${device.name}: ${wordsOf(device)}`),
    ].join('; '),
    broad: !single,
    width,
    height: bottom + 24 + arms.length * LEGEND_LINE,
    drawing: [
      layouts.map(({ frames }) => frames),
      linesOf(paths, arms, boxes),
      boxes.map((box) => boxOf(box, arms)),
      legend(
        arms.map((name, index) => {
          const within = paths.filter((path) => path.arm === name).map(distanceOf)
          const distances = [...new Set(within)].filter((distance) => distance !== BETWEEN_NODES)
          const far = distances.length > 0 ? `; distance: ${distances.join(', ')}` : ''
          return { name, index, text: `claims and bytes${far}` }
        }),
        8,
        bottom + 22,
      ),
    ],
    notes: [
      'Lines are as wide as the bytes that they stand for. Distances are those of `nvidia-smi topo -m`. Devices without a mark were not claimed.',
      ...(boxes.some(({ device }) => device.named)
        ? ['✗ with a red frame: named by a test that is not passed.']
        : []),
      ...(boxes.some(({ device }) => device.faults.length > 0) ? ['⚡: a fault was injected here.'] : []),
    ],
    table: {
      columns: ['path', 'arm', 'distance', 'median bandwidth', 'bytes'],
      rows: paths.map((path) => [
        path.ends.join(' - '),
        path.arm,
        distanceOf(path),
        formatRate(
          gigabytesPerSecond(
            path.bandwidths.toSorted((a, b) => a - b)[Math.floor((path.bandwidths.length - 1) / 2)] ?? 0,
          ),
        ),
        formatBytes(bytes(Math.round(path.bytes))),
      ]),
    },
  }
}

function layoutOf({ node, sockets, faults }: NodeMap, left: number, mirrored: boolean): Layout {
  const boxes: Placed[] = []
  const frames: Markup[] = []
  const columns = { gpu: left + INDENT, nic: left + NODE - INDENT - BOX.width }
  const at = (kind: 'gpu' | 'nic'): number =>
    columns[mirrored ? ({ gpu: 'nic', nic: 'gpu' } as const)[kind] : kind]
  let y = HEAD
  for (const { numaNode, groups } of sockets) {
    const top = y
    y += 24
    for (const group of groups) {
      const height = group.rows.length * ROW + (group.pcieRoot === undefined ? 0 : 20)
      if (group.pcieRoot !== undefined) frames.push(rootFrame(group, left, y, height))
      group.rows.forEach(({ gpu, nic }, index) => {
        const row = y + index * ROW + (group.pcieRoot === undefined ? 4 : 20)
        for (const device of [gpu, nic]) if (device) boxes.push({ device, node, x: at(device.kind), y: row })
      })
      y += height + 6
    }
    y += 4
    frames.unshift(
      markup`<g class="socket"><rect x="${px(left + 6)}" y="${px(top)}" width="${NODE - 12}" height="${px(y - top)}" rx="8" fill="currentColor" fill-opacity="0.045" stroke="currentColor" stroke-opacity="0.25"/><text class="quiet" x="${px(left + 16)}" y="${px(top + 17)}">NUMA node ${numaNode}</text></g>`,
    )
    y += 10
  }
  const troubled =
    faults.length > 0 &&
    markup`<tspan fill="${ALARM}" class="alarm" dx="8">⚡ ${shortText(faults.join(', '), 30)}</tspan>`
  frames.unshift(
    markup`<g class="node"><rect x="${px(left + 0.5)}" y="0.5" width="${NODE - 1}" height="${px(y - 1)}" rx="10" fill="none" stroke="currentColor" stroke-opacity="0.55"/><text x="${px(left + 12)}" y="20" font-size="13" font-weight="700">${shortText(node, 30)}${troubled}</text></g>`,
  )
  return { boxes, frames, height: y }
}

const rootFrame = ({ pcieRoot = '' }: RootGroup, left: number, y: number, height: number): Markup =>
  markup`<g class="root"><rect x="${px(left + 14)}" y="${px(y)}" width="${NODE - 28}" height="${px(height)}" rx="6" fill="none" stroke="currentColor" stroke-opacity="0.3" stroke-dasharray="3 3"/><text class="quiet" font-size="10" x="${px(left + 22)}" y="${px(y + 13)}">PCIe root ${shortText(pcieRoot, 24)}</text></g>`

function boxOf({ device, node, x, y }: Placed, arms: readonly string[]): Markup {
  const { name, pciAddress, named, faults } = device
  const idle = device.arms.length === 0
  const frame = named
    ? markup`stroke="${ALARM}" stroke-width="2.5"`
    : markup`stroke="currentColor" stroke-opacity="${idle ? 0.3 : 0.75}"`
  const second: Content =
    faults.length > 0
      ? markup`<tspan fill="${ALARM}" class="alarm" font-weight="700">⚡ ${shortText(faults.join(', '), 16)}</tspan>`
      : pciAddress
  return markup`<g class="device ${named && 'named'}"><title>${node}/${name}, ${pciAddress}: ${wordsOf(device)}</title><rect class="box" x="${px(x)}" y="${px(y)}" width="${BOX.width}" height="${BOX.height}" rx="5" fill="#ffffff" ${frame}/><g fill-opacity="${idle ? 0.6 : 1}"><text class="ink" x="${px(x + 9)}" y="${px(y + 14)}" fill="#14202b" font-weight="${idle ? 400 : 600}">${named && '✗ '}${shortText(name, 11)}</text><text class="ink" x="${px(x + 9)}" y="${px(y + 26)}" font-size="9.5" fill="#14202b">${second}</text></g>${device.arms.map((arm, place) => markOf({ x: x + BOX.width - 10 - place * 13, y: y + 11 }, arms.indexOf(arm), { size: 36 }))}</g>\n`
}

function wordsOf({ arms, faults, named, pcieRoot }: MappedDevice): string {
  return [
    arms.length === 0 ? 'not claimed' : `claimed by ${arms.join(', ')}`,
    ...(pcieRoot === undefined ? [] : [`PCIe root ${pcieRoot}`]),
    ...faults.map((fault) => `injected fault ${fault}`),
    ...(named ? ['named by a test that is not passed'] : []),
  ].join(', ')
}

/** Behind the boxes; between two devices of a column, an arc beside it. */
function linesOf(
  paths: readonly UsedPath[],
  arms: readonly string[],
  boxes: readonly Placed[],
): readonly Content[] {
  const most = Math.max(...paths.map(({ bytes }) => bytes))
  const placeOf = (name: string): Placed | undefined =>
    boxes.find(({ node, device }) => `${node}/${device.name}` === name)
  return paths.map(({ arm, ends, bytes: moved, bandwidths }) => {
    const [a, b] = ends.map(placeOf).toSorted((one, other) => (one?.x ?? 0) - (other?.x ?? 0))
    if (a === undefined || b === undefined || a === b) return undefined
    const index = arms.indexOf(arm)
    // Arms that take the same way lie beside each other.
    const aside = (index - (arms.length - 1) / 2) * 5
    const [from, to] = [a.y + BOX.height / 2 + aside, b.y + BOX.height / 2 + aside]
    const right = a.x + BOX.width
    const bend = a.x === b.x ? 24 + Math.min(120, Math.abs(to - from) / 3) : (b.x - right) / 2
    const path =
      a.x === b.x
        ? `M${px(right)} ${px(from)}C${px(right + bend)} ${px(from)} ${px(right + bend)} ${px(to)} ${px(right)} ${px(to)}`
        : `M${px(right)} ${px(from)}C${px(right + bend)} ${px(from)} ${px(b.x - bend)} ${px(to)} ${px(b.x)} ${px(to)}`
    const title = `${ends.join(' - ')}, ${arm}: ${formatBytes(bytes(Math.round(moved)))}, ${bandwidths.map((one) => one.toFixed(2)).join(', ')} GB/s`
    return markup`<g opacity="0.85"><title>${title}</title>${lineOf(path, index, 1 + (3 * moved) / most)}</g>\n`
  })
}
