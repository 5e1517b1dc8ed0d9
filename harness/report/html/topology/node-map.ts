/**
 * The devices of a node as they are drawn: NUMA nodes from the SKU profile, PCIe roots from what was published, and for
 * each device which arms claimed it, which fault was injected and whether a failure names it.
 */
import type { PciePosition } from '../../../claim/pcie-distance.ts'
import type { FileReport } from '../../run-report.ts'
import type { RecordedComparison, RecordedEvidence } from '../recorded-evidence.ts'

type Profile = NonNullable<FileReport['profile']>

export interface MappedDevice {
  readonly kind: 'gpu' | 'nic'
  readonly name: string
  readonly pciAddress: string
  readonly pcieRoot: string | undefined
  readonly position: PciePosition
  /** Names of the arms that claimed it, in the order of the comparison. */
  readonly arms: readonly string[]
  /** `nic-slow`. */
  readonly faults: readonly string[]
  /** A failure names it. */
  readonly named: boolean
}

/** Devices side by side in a line of the drawing; either may be missing. */
interface DeviceRow {
  readonly gpu: MappedDevice | undefined
  readonly nic: MappedDevice | undefined
}

export interface RootGroup {
  /** Shared by the devices of the group; undefined where they stand alone. */
  readonly pcieRoot: string | undefined
  readonly rows: readonly DeviceRow[]
}

interface Socket {
  readonly numaNode: number
  readonly groups: readonly RootGroup[]
}

export interface NodeMap {
  readonly node: string
  readonly sockets: readonly Socket[]
  /** Links between two GPUs by name, as the SKU profile states them; undefined where it states none. */
  readonly linksBetween: (one: string, other: string) => number | undefined
  /** Faults of the whole node. */
  readonly faults: readonly string[]
}

export interface Marks {
  readonly comparison: RecordedComparison
  /** `nic-slow on node-a/mlx5_1`. */
  readonly faults: readonly string[]
  readonly named: ReadonlyMap<string, number>
  /** By PCI address. */
  readonly roots: ReadonlyMap<string, string>
}

export function mapNode(node: string, profile: Profile, marks: Marks): NodeMap {
  const claims = claimsOf(node, marks.comparison)
  const mapped = (
    kind: 'gpu' | 'nic',
    pciAddress: string,
    { name, numaNode, pciePath }: Profile['gpus' | 'nics'][number],
  ): MappedDevice => ({
    kind,
    name,
    pciAddress,
    pcieRoot: marks.roots.get(pciAddress),
    position: { numaNode, pciePath: pciePath ?? pathFrom(marks.roots.get(pciAddress)) },
    arms: [...claims].flatMap(([arm, addresses]) => (addresses.has(pciAddress) ? [arm] : [])),
    faults: faultsOn(`${node}/${name}`, marks.faults),
    named: marks.named.has(`${node}/${name}`),
  })
  const devices = [
    ...profile.gpus.map((gpu) => mapped('gpu', gpu.pciBusID, gpu)),
    ...profile.nics.map((nic) => mapped('nic', nic.pciAddress, nic)),
  ]
  const sockets = [...Map.groupBy(devices, ({ position }) => position.numaNode)].sort(([a], [b]) => a - b)
  return {
    node,
    sockets: sockets.map(([numaNode, own]) => ({
      numaNode,
      groups: groupsOf(own),
    })),
    linksBetween: (one, other) => linksBetween(one, other, profile),
    faults: [...faultsOn(node, marks.faults), ...faultsOn('every node', marks.faults)],
  }
}

const pathFrom = (root: string | undefined): readonly string[] | undefined =>
  root === undefined ? undefined : [root]

function linksBetween(one: string, other: string, { gpu, gpus }: Profile): number | undefined {
  if (![one, other].every((name) => gpus.some((device) => device.name === name))) return undefined
  return gpu.linkPairs === undefined
    ? gpu.links
    : gpu.linkPairs.find(({ between }) => between.includes(one) && between.includes(other))?.links
}

/** PCIe roots by PCI address, from allocations and from published slices. */
export function rootsIn({ comparisons, pods, published }: RecordedEvidence): ReadonlyMap<string, string> {
  const roots = new Map<string, string>()
  const claims = [
    ...pods.flatMap(({ claims = [] }) => claims),
    ...comparisons.flatMap(({ rounds }) =>
      rounds.flatMap(({ arms }) =>
        [...arms.values()].flatMap(({ outcome }) => [outcome.initiator.allocated, outcome.target.allocated]),
      ),
    ),
  ]
  for (const { pciAddress, pcieRoot } of claims.flatMap(({ gpus, nics }) => [...gpus, ...nics]))
    if (pciAddress !== undefined && pcieRoot !== undefined) roots.set(pciAddress, pcieRoot)
  for (const { attributes = {} } of published.flatMap(({ slices }) =>
    slices.flatMap(({ spec }) => spec.devices ?? []),
  )) {
    const [address, root] = [/\/pci(BusID|Address)$/, /\/pcieRoot$/].map((name) => textAt(attributes, name))
    if (address !== undefined && root !== undefined) roots.set(address, root)
  }
  return roots
}

function textAt(
  attributes: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  name: RegExp,
): string | undefined {
  const value = Object.entries(attributes).find(([key]) => name.test(key))?.[1]['string']
  return typeof value === 'string' ? value : undefined
}

/** PCI addresses of `node` that each arm claimed in any round. */
function claimsOf(
  node: string,
  { arms, rounds }: RecordedComparison,
): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    arms.map((arm) => {
      const ends = rounds.flatMap((round) => {
        const outcome = round.arms.get(arm)?.outcome
        return outcome === undefined ? [] : [outcome.initiator, outcome.target]
      })
      const own = ends
        .filter((end) => end.node === node)
        .flatMap(({ allocated }) => [...allocated.gpus, ...allocated.nics])
      return [arm, new Set(own.flatMap(({ pciAddress }) => pciAddress ?? []))]
    }),
  )
}

const faultsOn = (place: string, faults: readonly string[]): readonly string[] =>
  faults
    .filter((fault) => fault.endsWith(` on ${place}`))
    .map((fault) => fault.slice(0, -` on ${place}`.length))

/** Devices that share a PCIe root stand together; the others fill the lines after them. */
function groupsOf(devices: readonly MappedDevice[]): readonly RootGroup[] {
  const byRoot = [...Map.groupBy(devices, ({ pcieRoot }) => pcieRoot)]
  const shared = byRoot.filter(([root, own]) => root !== undefined && own.length > 1)
  const alone = byRoot
    .filter(([root, own]) => root === undefined || own.length === 1)
    .flatMap(([, own]) => own)
  return [
    ...shared.map(([pcieRoot, own]) => ({ pcieRoot, rows: rowsOf(own) })),
    ...(alone.length === 0 ? [] : [{ pcieRoot: undefined, rows: rowsOf(alone) }]),
  ]
}

function rowsOf(devices: readonly MappedDevice[]): readonly DeviceRow[] {
  const sorted = devices.toSorted((a, b) => (a.pciAddress < b.pciAddress ? -1 : 1))
  const [gpus, nics] = (['gpu', 'nic'] as const).map((kind) =>
    sorted.filter((device) => device.kind === kind),
  )
  const count = Math.max(gpus?.length ?? 0, nics?.length ?? 0)
  return Array.from({ length: count }, (_, index) => ({ gpu: gpus?.[index], nic: nics?.[index] }))
}
