/**
 * Active NVLinks from the matrix of `nvidia-smi topo -m`. Its `NV6` is the number between two GPUs. Where links connect GPUs
 * directly, a GPU has the sum over its peers; through NVSwitch, every pair shares all links of the GPU.
 */
import type { LinkPair } from '../gpu-discovery.ts'
import type { GpuTopology } from './topology-matrix.ts'

/** Every pair with links, once. */
export const linkPairsOf = ({ connections }: Pick<GpuTopology, 'connections'>): LinkPair[] =>
  connections.flatMap((row, a) =>
    row.flatMap((cell, b): LinkPair[] => {
      const links = Number(/^NV(\d+)$/.exec(cell)?.[1] ?? 0)
      return a < b && links > 0 ? [{ between: [a, b], links }] : []
    }),
  )

/**
 * Whether links connect the GPUs directly; undefined where there are none. Two GPUs look alike with and without a switch.
 * `active`: the GPUs' own numbers, where the driver states them. `most`: more links a GPU cannot have.
 */
export function isWired(
  topology: Pick<GpuTopology, 'connections'>,
  { active, most }: { readonly active: ReadonlyMap<number, number>; readonly most: number },
): boolean | undefined {
  const pairs = linkPairsOf(topology)
  if (pairs.length === 0) return undefined
  return topology.connections.every((_, gpu) => {
    const sum = sumOf(pairs, gpu)
    const own = active.get(gpu)
    return own === undefined || own === 0 ? sum <= most : sum <= own
  })
}

/** Undefined for a single GPU, whose links the matrix does not show. */
export function linksOfGpu(
  topology: Pick<GpuTopology, 'connections'>,
  gpu: number,
  wired: boolean | undefined,
): number | undefined {
  if (topology.connections.length < 2) return undefined
  const pairs = linkPairsOf(topology)
  if (wired !== false) return sumOf(pairs, gpu)
  return Math.max(0, ...pairs.filter(({ between }) => between.includes(gpu)).map(({ links }) => links))
}

const sumOf = (pairs: readonly LinkPair[], gpu: number): number =>
  pairs.filter(({ between }) => between.includes(gpu)).reduce((sum, { links }) => sum + links, 0)
