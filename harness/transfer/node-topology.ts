/** What a node's kernel says of its GPUs, NICs and NUMA nodes, as the transfer binary prints it with `--mode topo`. */
import { z } from 'zod'
import { parseBoundedJson } from '../core/bounded-json.ts'
import { ClaimcheckError } from '../core/errors.ts'
import { seconds } from '../core/units.ts'
import type { Target } from '../targets/target.ts'
import { onlyTagged } from './tagged-line.ts'

const pciFunction = {
  pci_address: z.string(),
  /** Null: the kernel knows none. */
  numa_node: z.int().nullish(),
  /** From the host bridge over the bridges to the function. */
  pci_path: z.array(z.string()).default([]),
  host_bridge: z.string().nullish(),
}

export const nodeTopologySchema = z.object({
  gpus: z.array(z.object(pciFunction)),
  nics: z.array(
    z.object({
      ...pciFunction,
      /** Those that are visible in the pod's network namespace. */
      interfaces: z.array(z.string()).default([]),
      rdma_devices: z.array(z.string()).default([]),
    }),
  ),
  interfaces: z.array(z.object({ name: z.string(), mtu: z.int().nullish() })).default([]),
  numa_nodes: z
    .array(
      z.object({
        node: z.int(),
        has_cpus: z.boolean().default(true),
        distances: z.array(z.int()).default([]),
      }),
    )
    .default([]),
})

export type NodeTopology = z.infer<typeof nodeTopologySchema>
export type NodeFunction = NodeTopology['gpus'][number]
export type NodeNic = NodeTopology['nics'][number]

/** Characters of a TOPO line. A node with 8 GPUs and 16 NICs has some 10,000. */
const MOST_TOPOLOGY = 1024 * 1024
/** Pulling an image may take minutes on a node that has not run it. */
const PROBE_TIMEOUT = seconds(120)

/** Asks the kernel of a node. Rejects as `Target.probe` does, with RESULT_MISSING or with RESULT_INVALID. */
export async function probeTopology(
  target: Target,
  node: string,
  signal?: AbortSignal,
): Promise<NodeTopology> {
  const { stdout } = await target.probe(node, ['--mode', 'topo'], { within: PROBE_TIMEOUT, signal })
  return parseNodeTopology(stdout, `the probe of ${node}`)
}

/** Rejects with RESULT_MISSING or RESULT_DUPLICATE unless there is one TOPO line, or with RESULT_INVALID. `subject` names the pod. */
export async function parseNodeTopology(stdout: string, subject: string): Promise<NodeTopology> {
  const line = await onlyTagged('TOPO', stdout.split('\n'), subject)
  try {
    return nodeTopologySchema.parse(parseBoundedJson(line, MOST_TOPOLOGY))
  } catch (cause) {
    throw new ClaimcheckError('RESULT_INVALID', {
      subject,
      problem: 'printed a TOPO line that cannot be parsed',
      found: line.slice(0, 200),
      cause,
    })
  }
}

/** The node of the CPUs near to the function, and the node of a GPU's own memory, which has no CPUs. */
export function numaNodesOf(
  { numa_node: own }: NodeFunction,
  { numa_nodes: all }: NodeTopology,
): { readonly numaNode?: number; readonly memoryNumaNode?: number } {
  if (own === null || own === undefined) return {}
  const index = all.findIndex(({ node }) => node === own)
  const found = all[index]
  if (found === undefined || found.has_cpus) return { numaNode: own }
  const withCpus = all
    .flatMap(({ node, has_cpus }, at) => (has_cpus ? { node, distance: found.distances[at] } : []))
    .toSorted((a, b) => (a.distance ?? Infinity) - (b.distance ?? Infinity))
  const nearest = withCpus[0]
  return nearest === undefined ? { memoryNumaNode: own } : { numaNode: nearest.node, memoryNumaNode: own }
}

/** From the host bridge over the bridges above the function, as a SKU profile states it. */
export const pciePathOf = ({ pci_path: path, pci_address: address }: NodeFunction): readonly string[] =>
  path.filter((part) => part !== address)
