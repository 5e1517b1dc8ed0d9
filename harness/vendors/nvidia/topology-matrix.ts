/** Parses the matrix that `nvidia-smi topo -m` prints: how every two GPUs are connected, and the NUMA node of each. */
import { ClaimcheckError } from '../../core/errors.ts'

const CONNECTION = /^(X|SYS|NODE|PHB|PXB|PIX|NV\d+)$/

export interface GpuTopology {
  /** Row and column by index: `NV18`, `SYS`, ...; `X` on the diagonal. */
  readonly connections: readonly (readonly string[])[]
  /** By index; undefined where the matrix does not say. */
  readonly numaNodes: readonly (number | undefined)[]
}

/** Throws TARGET_UNAVAILABLE, quoting the line that is not understood. */
export function parseTopology(text: string): GpuTopology {
  // The header is underlined by escape sequences, and cells are set apart by tabs or, in a terminal's copy, by spaces.
  // oxlint-disable-next-line no-control-regex
  const lines = text.replaceAll(/\u001b\[[0-9;]*m/g, '').split('\n')
  const head = lines.findIndex((line) => /^\s*GPU0\b/.test(line) && !/^\s*GPU0\s+X\b/.test(line))
  if (head < 0) throw notUnderstood(lines.find((line) => line.trim() !== '') ?? 'nothing')
  const columns = cellsOf(lines[head] ?? '')
  const gpus = columns.filter((name) => /^GPU\d+$/.test(name)).length
  const devices = columns.filter((name) => /^(GPU|NIC)\d+$|^mlx\d+_\d+$/.test(name)).length
  const rows = Array.from({ length: gpus }, (_, index) => {
    const line = lines.find((one) => cellsOf(one)[0] === `GPU${index}` && one !== lines[head])
    if (line === undefined) throw notUnderstood(`no row GPU${index}`)
    const cells = cellsOf(line).slice(1)
    const connections = cells.slice(0, gpus)
    if (
      cells.length < devices ||
      connections.some((cell) => !CONNECTION.test(cell)) ||
      connections[index] !== 'X'
    )
      throw notUnderstood(line)
    return { connections, rest: cells.slice(devices) }
  })
  const uneven = rows.flatMap(({ connections }, a) =>
    connections.flatMap((cell, b) => (rows[b]?.connections[a] === cell ? [] : [`GPU${a} - GPU${b}`])),
  )
  if (uneven.length > 0) throw notUnderstood(`${uneven[0]} differs from its mirror image`)
  return {
    connections: rows.map(({ connections }) => connections),
    // After the CPU affinity; a machine without NUMA says N/A.
    numaNodes: rows.map(({ rest }) => (/^\d+$/.test(rest[1] ?? '') ? Number(rest[1]) : undefined)),
  }
}

/** NVLinks between every two GPUs, where all have the same; 0 where there are none, undefined for one GPU. */
export function linksOf({ connections }: GpuTopology): number | undefined {
  const counts = connections.flatMap((row, a) =>
    row.filter((_, b) => a !== b).map((cell) => (cell.startsWith('NV') ? Number(cell.slice(2)) : 0)),
  )
  return counts.length > 0 && counts.every((count) => count === counts[0]) ? counts[0] : undefined
}

/** `CPU Affinity` and its like are one cell. */
const cellsOf = (line: string): string[] =>
  line
    .replace(/CPU Affinity/, 'CPU_Affinity')
    .replace(/NUMA Affinity/, 'NUMA_Affinity')
    .replace(/GPU NUMA ID/, 'GPU_NUMA_ID')
    .trim()
    .split(/\s+/)

const notUnderstood = (line: string): ClaimcheckError =>
  new ClaimcheckError('TARGET_UNAVAILABLE', {
    subject: 'nvidia-smi topo -m',
    problem: 'printed a matrix that cannot be parsed',
    expected: 'a matrix of GPUs',
    found: line.trim().slice(0, 200),
  })
