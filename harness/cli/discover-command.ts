/** The command `claimcheck discover` where devices are published: reads slices, probes a node if asked to, and prints. */
import { stringify } from 'yaml'
import { readCompletePools } from '../claim/resource-pool-state.ts'
import { ClaimcheckError } from '../core/errors.ts'
import type { Settings } from '../core/variables.ts'
import { probeTopology, type NodeTopology } from '../transfer/node-topology.ts'
import type { TargetKindRecord } from '../targets/target-kind.ts'
import { discover, shapeToDescribe } from './discover.ts'

export interface DiscoverCommand {
  readonly node: string | undefined
  readonly probe: boolean
  /** Print what a probe would create, and create nothing. */
  readonly dryRun: boolean
}

interface Output {
  readonly write: (text: string) => void
  /** Lines beside the profile. */
  readonly note: (line: string) => void
}

export async function discoverCommand(
  kind: TargetKindRecord,
  settings: Settings,
  { node, probe, dryRun }: DiscoverCommand,
  { write, note }: Output,
): Promise<void> {
  let place = ''
  const slices = await readCompletePools(async () => {
    const inspection = await kind.inspect(settings)
    place = inspection.place
    return inspection.slices
  })
  const { shape, others } = shapeToDescribe(slices, place, node)
  const [first = ''] = shape.nodes
  const probed = node ?? first
  if (dryRun) {
    const objects = (await kind.probeManifests?.(settings, probed)) ?? []
    note(`Nothing was created. A probe creates ${objects.length} objects and removes them again.`)
    return write(objects.map((object) => `---\n${stringify(object, { lineWidth: 0 })}`).join(''))
  }
  const topology = probe ? await probeNode(kind, settings, probed, note) : undefined
  write(discover(slices, place, { node, topology }).yaml)
  for (const { nodes } of others)
    note(`Nodes with other devices: ${nodes.join(', ')} (claimcheck discover --node ${nodes[0] ?? ''})`)
}

/** Whatever happens, the pod is removed. */
async function probeNode(
  { kind, openForProbes }: TargetKindRecord,
  settings: Settings,
  node: string,
  note: (line: string) => void,
): Promise<NodeTopology> {
  if (openForProbes === undefined)
    throw new ClaimcheckError('TARGET_UNAVAILABLE', {
      subject: `discover --probe with CLAIMCHECK_TARGET=${kind}`,
      problem: 'is not available',
      hint: 'Without --probe, discover reads what drivers publish.',
    })
  const { target, end } = await openForProbes(settings, note)
  try {
    return await probeTopology(target, node)
  } finally {
    await end()
  }
}
