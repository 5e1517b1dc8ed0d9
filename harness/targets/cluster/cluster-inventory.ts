/**
 * What the cluster says about its nodes and devices. Takes a client and the nodes under test; gives slices, classes and
 * nodes, each as it is now and, of slices, with what was withdrawn since. Reads only.
 */
import type { DeviceClass, ResourceSlice } from '../../dra/objects.ts'
import { devicesOf } from '../../claim/published-device.ts'
import { parseResourceSlices } from '../../dra/parse-slices.ts'
import { ClaimcheckError } from '../../core/errors.ts'
import type { Journal } from '../../core/journal.ts'
import { seconds } from '../../core/units.ts'
import type { ObjectClient } from './object-client.ts'
import { conditionOf, parseDeviceClass, parseNode } from './object-schemas.ts'
import { SliceCache } from './slice-cache.ts'
import * as resources from './api-resources.ts'
import { Informer } from './informer.ts'

const LISTING = seconds(60)

interface KeptSlice {
  readonly metadata: { readonly name: string }
  readonly slice: ResourceSlice
}

export class ClusterInventory {
  readonly #client: ObjectClient
  readonly #journal: Journal
  readonly #underTest: readonly string[] | undefined
  readonly #remembered: SliceCache
  #slices: Informer<KeptSlice> | undefined
  #given: { readonly from: readonly ResourceSlice[]; readonly slices: readonly ResourceSlice[] } | undefined
  #nodes: Promise<readonly string[]> | undefined

  constructor(client: ObjectClient, journal: Journal, underTest: readonly string[] | undefined) {
    this.#client = client
    this.#journal = journal
    this.#underTest = underTest
    this.#remembered = new SliceCache(journal)
  }

  /** Of the nodes under test. The same array as long as nothing has changed. */
  async slices(signal: AbortSignal): Promise<readonly ResourceSlice[]> {
    this.#slices ??= new Informer({
      api: this.#client.api,
      resource: resources.resourceSlices,
      parse: keptSlice,
    })
    await this.#slices.ready({ within: LISTING, signal })
    const from = this.#slices.all.map(({ slice }) => slice).filter((slice) => this.#isUnderTest(slice))
    const same =
      this.#given?.from.length === from.length && from.every((slice, i) => this.#given?.from[i] === slice)
    if (!same) this.#given = { from, slices: this.#remembered.recall(from) }
    return this.#given?.slices ?? []
  }

  classes(): Promise<readonly DeviceClass[]> {
    return this.#client.list(resources.deviceClasses, parseDeviceClass)
  }

  /** Nodes whose drivers publish RDMA NICs, of those under test, and on which pods may start. Looked up once. */
  nodes(signal: AbortSignal): Promise<readonly string[]> {
    this.#nodes ??= this.#usable(signal).catch((error: unknown) => {
      this.#nodes = undefined
      throw error
    })
    return this.#nodes
  }

  close(): void {
    this.#slices?.stop()
  }

  async #usable(signal: AbortSignal): Promise<readonly string[]> {
    const slices = await this.slices(signal)
    const publishing = new Set(
      devicesOf(slices).flatMap((one) => (one.kind === 'nic' && one.rdma ? one.node : [])),
    )
    const known = await this.#client.list(resources.nodes, parseNode)
    const absent = (this.#underTest ?? []).filter(
      (name) => !known.some(({ metadata }) => metadata.name === name),
    )
    if (absent.length > 0) {
      throw new ClaimcheckError('VARIABLE_INVALID', {
        subject: 'CLAIMCHECK_NODES',
        problem: `names ${absent.join(', ')}, which the cluster does not have`,
        hint: `Its nodes are ${known.map(({ metadata }) => metadata.name).join(', ')}.`,
      })
    }
    const usable = known.filter(({ metadata, spec, status }) => {
      if (!publishing.has(metadata.name)) return false
      const ready = conditionOf(status.conditions, 'Ready')?.status !== 'False'
      if (ready && spec.unschedulable !== true) return true
      this.#journal.record('node-left-out', metadata.name, {
        ready,
        unschedulable: spec.unschedulable ?? false,
      })
      return false
    })
    return usable.map(({ metadata }) => metadata.name).sort()
  }

  #isUnderTest({ spec }: ResourceSlice): boolean {
    return (
      this.#underTest === undefined || spec.nodeName === undefined || this.#underTest.includes(spec.nodeName)
    )
  }
}

function keptSlice(json: unknown): KeptSlice {
  const [slice] = parseResourceSlices([json], 'resourceslices')
  if (slice === undefined) throw new TypeError('one slice parses to one slice')
  return { metadata: slice.metadata, slice }
}
