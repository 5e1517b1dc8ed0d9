/** Parses the matrix that `nvidia-smi topo -m` prints: how every two GPUs are connected, and the NUMA nodes of each. */
import { ClaimcheckError } from '../../core/errors.ts'

const CONNECTION = /^(X|SYS|NODE|PHB|PXB|PIX|NV\d+)$/
/** Names of drivers before 375. */
const FORMER_NAMES: Readonly<Record<string, string>> = { SOC: 'SYS', PSB: 'PIX' }

export interface GpuTopology {
  /** Row and column by index: `NV18`, `SYS`, ...; `X` on the diagonal. */
  readonly connections: readonly (readonly string[])[]
  /** The node of the CPUs near to each GPU, by index; undefined where the matrix does not name one. */
  readonly numaNodes: readonly (number | undefined)[]
  /** All nodes that the matrix calls near: with a GPU's memory nodes on Grace, several sockets in a virtual machine. */
  readonly numaAffinities: readonly (readonly number[])[]
  /** The node that each GPU's own memory is, as on Grace. */
  readonly memoryNumaNodes: readonly (number | undefined)[]
}

/** Throws TARGET_UNAVAILABLE, naming row and column of what cannot be parsed. */
export function parseTopology(text: string): GpuTopology {
  // The header is underlined by escape sequences.
  // oxlint-disable-next-line no-control-regex
  const lines = text.replaceAll(/\u001b\[[0-9;]*m/g, '').split(/\r?\n/)
  const head = lines.findIndex((line) => line.includes('CPU Affinity') && /\bGPU\d+\b/.test(line))
  if (head < 0) throw notUnderstood('a header with GPUs and CPU Affinity', firstOf(lines))
  const header = cellsOf(lines[head] ?? '').filter((name) => name !== '')
  const devices = header.slice(0, header.indexOf('CPU Affinity'))
  const gpus = devices.filter((name) => /^GPU\d+$/.test(name))
  const rows = gpus.map((gpu, index) => {
    const line = lines.slice(head + 1).find((one) => cellsOf(one)[0] === gpu)
    if (line === undefined) throw notUnderstood(`a row ${gpu}`, 'none')
    return readRow(line, { gpu, index, devices, gpus, header })
  })
  refuseAsymmetry(gpus, rows)
  return {
    connections: rows.map(({ connections }) => connections),
    numaNodes: rows.map(({ affinity }) => firstNode(affinity)),
    numaAffinities: rows.map(({ affinity }) => nodesIn(affinity)),
    memoryNumaNodes: rows.map(({ memory }) => (/^\d+$/.test(memory) ? Number(memory) : undefined)),
  }
}

interface Row {
  readonly connections: readonly string[]
  readonly affinity: string
  readonly memory: string
}

interface Columns {
  readonly gpu: string
  readonly index: number
  readonly devices: readonly string[]
  readonly gpus: readonly string[]
  readonly header: readonly string[]
}

function readRow(line: string, { gpu, index, devices, gpus, header }: Columns): Row {
  const cells = cellsOf(line).slice(1)
  const rest = cells.slice(devices.length)
  // Cells of the affinity may be blank or missing: between tabs that shows, and between spaces where all others are N/A.
  const least = line.includes('\t') || rest.every((cell) => cell === 'N/A') ? devices.length : header.length
  const found = cells.slice(0, devices.length).map((cell) => FORMER_NAMES[cell] ?? cell)
  const wrong = devices.findIndex((_, column) => !CONNECTION.test(found[column] ?? ''))
  if (cells.length < least || (wrong >= 0 && wrong >= cells.length))
    throw notUnderstood(`${least} cells in row ${gpu}`, `${cells.length}: ${line.trim()}`)
  if (wrong >= 0)
    throw notUnderstood(
      `X, NV#, PIX, PXB, PHB, NODE or SYS in row ${gpu}, column ${devices[wrong]}`,
      cells[wrong] === '' ? 'a blank cell' : (cells[wrong] ?? 'none'),
    )
  const columnOf = (name: string): number => devices.indexOf(name)
  const connections = gpus.map((name) => found[columnOf(name)] ?? '')
  if (connections[index] !== 'X')
    throw notUnderstood(`X in row ${gpu}, column ${gpu}`, connections[index] ?? 'none')
  return {
    connections,
    affinity: header.includes('NUMA Affinity') ? (rest[1] ?? '') : '',
    // A blank cell stands before it.
    memory: header.includes('GPU NUMA ID') ? (rest.slice(2).findLast((cell) => cell !== '') ?? '') : '',
  }
}

function refuseAsymmetry(gpus: readonly string[], rows: readonly Row[]): void {
  rows.forEach(({ connections }, a) =>
    connections.forEach((cell, b) => {
      const mirrored = rows[b]?.connections[a]
      if (mirrored !== cell)
        throw notUnderstood(
          `${gpus[a]} to ${gpus[b]} equal to ${gpus[b]} to ${gpus[a]}`,
          `${cell} and ${mirrored}`,
        )
    }),
  )
}

/** On Grace, the CPUs' node comes first and memory nodes follow. A range that comes first means CPUs of several nodes. */
function firstNode(affinity: string): number | undefined {
  const [first = ''] = affinity.split(',')
  return /^\d+$/.test(first) ? Number(first) : undefined
}

/** `0,3-9` as a list; empty where the text is no list of nodes. */
function nodesIn(affinity: string): number[] {
  if (!/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(affinity)) return []
  return affinity.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, place) => first + place)
  })
}

/** Tabs separate the cells; in the copy of a terminal's output, spaces do, and a blank cell cannot be told. */
const cellsOf = (line: string): string[] =>
  line.includes('\t')
    ? line.split('\t').map((cell) => cell.trim())
    : line
        .replace('CPU Affinity', 'CPU\u00A0Affinity')
        .replace('NUMA Affinity', 'NUMA\u00A0Affinity')
        .replace('GPU NUMA ID', 'GPU\u00A0NUMA\u00A0ID')
        .trim()
        .split(/[ ]+/)
        .map((cell) => cell.replaceAll('\u00A0', ' '))

const firstOf = (lines: readonly string[]): string =>
  lines.find((line) => line.trim() !== '')?.trim() ?? 'nothing'

const notUnderstood = (expected: string, found: string): ClaimcheckError =>
  new ClaimcheckError('TARGET_UNAVAILABLE', {
    subject: 'nvidia-smi topo -m',
    problem: 'printed a matrix that cannot be parsed',
    expected,
    found: found.slice(0, 200),
  })
