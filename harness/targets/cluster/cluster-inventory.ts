/**
 * The nodes, ResourceSlices and DeviceClasses of a cluster, restricted to the nodes under test. Slices keep the attributes
 * that drivers withdraw while a device is in use.
 */
import type { DeviceClass, ResourceSlice } from '../../dra/objects.ts'
import { devicesOf } from '../../claim/published-device.ts'
import { parseResourceSlices } from '../../dra/parse-slices.ts'
import { ClaimcheckError } from '../../core/errors.ts'
import type { Journal } from '../../core/journal.ts'
import { seconds } from '../../core/units.ts'
import type { ExcludedNode } from '../target.ts'
import type { ObjectClient } from './object-client.ts'
import { conditionOf, parseDeviceClass, parseNode } from './object-schemas.ts'
import { SliceCache } from './slice-cache.ts'
import * as resources from './api-resources.ts'
import { Informer } from './informer.ts'

const LIST_TIMEOUT = seconds(60)

interface InformedSlice {
  readonly metadata: { readonly name: string }
  readonly slice: ResourceSlice
}

export class ClusterInventory {
  readonly #client: ObjectClient
  readonly #journal: Journal
  readonly #nodesUnderTest: readonly string[] | undefined
  readonly #sliceCache: SliceCache
  #slices: Informer<InformedSlice> | undefined
  #last:
    | { readonly published: readonly ResourceSlice[]; readonly slices: readonly ResourceSlice[] }
    | undefined
  #nodes: Promise<readonly string[]> | undefined
  #excluded: readonly ExcludedNode[] = []

  constructor(client: ObjectClient, journal: Journal, nodesUnderTest: readonly string[] | undefined) {
    this.#client = client
    this.#journal = journal
    this.#nodesUnderTest = nodesUnderTest
    this.#sliceCache = new SliceCache(journal)
  }

  /** Resolves with the slices of the nodes under test: with the same array until a slice changes. */
  async slices(signal: AbortSignal): Promise<readonly ResourceSlice[]> {
    this.#slices ??= new Informer({
      api: this.#client.api,
      resource: resources.resourceSlices,
      parse: parseSlice,
    })
    await this.#slices.ready({ within: LIST_TIMEOUT, signal })
    const published = this.#ofNodesUnderTest(this.#slices.all.map(({ slice }) => slice))
    const same =
      this.#last?.published.length === published.length &&
      published.every((slice, i) => this.#last?.published[i] === slice)
    if (!same) this.#last = { published, slices: this.#sliceCache.complete(published) }
    return this.#last?.slices ?? []
  }

  /** Resolves with the slices with the attributes that their devices had at first. */
  async slicesAsFirstSeen(signal: AbortSignal): Promise<readonly ResourceSlice[]> {
    return this.#sliceCache.asFirstSeen(await this.slices(signal))
  }

  classes(): Promise<readonly DeviceClass[]> {
    return this.#client.list(resources.deviceClasses, parseDeviceClass)
  }

  /**
   * Resolves with the names of the schedulable nodes under test that publish RDMA NICs, or GPUs where none publishes RDMA NICs.
   * They are looked up once.
   */
  nodes(signal: AbortSignal): Promise<readonly string[]> {
    this.#nodes ??= this.#listNodes(signal).catch((error: unknown) => {
      this.#nodes = undefined
      throw error
    })
    return this.#nodes
  }

  /** Nodes under test that publish RDMA NICs and are cordoned or not ready. */
  async excludedNodes(signal: AbortSignal): Promise<readonly ExcludedNode[]> {
    await this.nodes(signal)
    return this.#excluded
  }

  close(): void {
    this.#slices?.stop()
  }

  async #listNodes(signal: AbortSignal): Promise<readonly string[]> {
    const slices = await this.slices(signal)
    const devices = devicesOf(slices)
    const withNics = devices.filter((one) => one.kind === 'nic' && one.rdma)
    const withGpus = devices.filter(({ kind }) => kind === 'gpu')
    const publishing = new Set((withNics.length > 0 ? withNics : withGpus).map(({ node }) => node))
    const known = await this.#client.list(resources.nodes, parseNode)
    const absent = (this.#nodesUnderTest ?? []).filter(
      (name) => !known.some(({ metadata }) => metadata.name === name),
    )
    if (absent.length > 0) {
      throw new ClaimcheckError('VARIABLE_INVALID', {
        subject: 'CLAIMCHECK_NODES',
        problem: `names nodes that the cluster does not have: ${absent.join(', ')}`,
        hint: `The cluster has the nodes ${known.map(({ metadata }) => metadata.name).join(', ')}.`,
      })
    }
    const excluded: ExcludedNode[] = []
    const usable = known.filter(({ metadata, spec, status }) => {
      if (!publishing.has(metadata.name)) return false
      if (this.#nodesUnderTest?.includes(metadata.name) === false) return false
      const ready = conditionOf(status.conditions, 'Ready')?.status !== 'False'
      if (ready && spec.unschedulable !== true) return true
      excluded.push({ node: metadata.name, why: ready ? 'cordoned' : 'not ready' })
      this.#journal.record('node-excluded', metadata.name, {
        ready,
        unschedulable: spec.unschedulable ?? false,
      })
      return false
    })
    this.#excluded = excluded
    return usable.map(({ metadata }) => metadata.name).sort()
  }

  /** Whole pools, since a pool without one of its slices is incomplete. */
  #ofNodesUnderTest(slices: readonly ResourceSlice[]): ResourceSlice[] {
    const names = this.#nodesUnderTest
    if (names === undefined) return [...slices]
    const poolOf = ({ spec }: ResourceSlice): string => `${spec.driver}/${spec.pool.name}`
    const pools = new Set(
      slices.filter(({ spec }) => spec.nodeName === undefined || names.includes(spec.nodeName)).map(poolOf),
    )
    return slices.filter((slice) => pools.has(poolOf(slice)))
  }
}

function parseSlice(json: unknown): InformedSlice {
  const [slice] = parseResourceSlices([json], 'resourceslices')
  if (slice === undefined) throw new TypeError('one slice parses to one slice')
  return { metadata: slice.metadata, slice }
}
