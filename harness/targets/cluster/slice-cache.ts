/**
 * Slices as they were before devices came into use. Takes slices as they are now, again and again; gives them with what a
 * driver has withdrawn since: a NIC that moved into a pod may lose its attributes, or its place in the slice, until it is
 * back. What is published now always counts before what is remembered.
 */
import type { Device, ResourceSlice } from '../../dra/objects.ts'
import type { Journal } from '../../core/journal.ts'

export class SliceCache {
  readonly #journal: Journal
  /** By driver, pool and device. */
  readonly #attributes = new Map<string, NonNullable<Device['attributes']>>()
  readonly #told = new Set<string>()

  constructor(journal: Journal) {
    this.#journal = journal
  }

  recall(slices: readonly ResourceSlice[]): readonly ResourceSlice[] {
    return slices.map((slice) => ({
      ...slice,
      spec: {
        ...slice.spec,
        ...(slice.spec.devices === undefined
          ? {}
          : { devices: slice.spec.devices.map((device) => this.#complete(slice, device)) }),
      },
    }))
  }

  #complete({ spec }: ResourceSlice, device: Device): Device {
    const key = `${spec.driver}/${spec.pool.name}/${device.name}`
    const before = this.#attributes.get(key) ?? {}
    const attributes = { ...before, ...device.attributes }
    this.#attributes.set(key, attributes)
    const missing = Object.keys(before).filter((name) => device.attributes?.[name] === undefined)
    if (missing.length > 0 && !this.#told.has(key)) {
      this.#told.add(key)
      this.#journal.record('attributes-withdrawn', key, { missing })
    }
    return { ...device, attributes }
  }
}
