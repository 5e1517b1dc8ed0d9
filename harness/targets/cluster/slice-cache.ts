/**
 * Remembers the attributes of published devices. A driver may withdraw attributes of a NIC while the NIC is in a pod; the
 * cache adds them to the slices again. A value that is published now replaces the remembered one.
 */
import type { Device, ResourceSlice } from '../../dra/objects.ts'
import type { Journal } from '../../core/journal.ts'

export class SliceCache {
  readonly #journal: Journal
  /** Keyed by `driver/pool/device`. */
  readonly #attributes = new Map<string, NonNullable<Device['attributes']>>()
  readonly #first = new Map<string, NonNullable<Device['attributes']>>()
  readonly #reported = new Set<string>()

  constructor(journal: Journal) {
    this.#journal = journal
  }

  /** Returns the slices with all attributes that their devices ever had. */
  complete(slices: readonly ResourceSlice[]): readonly ResourceSlice[] {
    return mapDevices(slices, (device, slice) => this.#completeDevice(slice, device))
  }

  /** Returns the slices with the attributes that their devices had at first. */
  asFirstSeen(slices: readonly ResourceSlice[]): readonly ResourceSlice[] {
    return mapDevices(slices, (device, slice) => ({
      ...device,
      attributes: { ...device.attributes, ...this.#first.get(keyOf(slice, device)) },
    }))
  }

  #completeDevice(slice: ResourceSlice, device: Device): Device {
    const key = keyOf(slice, device)
    if (!this.#first.has(key)) this.#first.set(key, device.attributes ?? {})
    const known = this.#attributes.get(key) ?? {}
    const attributes = { ...known, ...device.attributes }
    this.#attributes.set(key, attributes)
    const missing = Object.keys(known).filter((name) => device.attributes?.[name] === undefined)
    if (missing.length > 0 && !this.#reported.has(key)) {
      this.#reported.add(key)
      this.#journal.record('attributes-withdrawn', key, { missing })
    }
    return { ...device, attributes }
  }
}

const keyOf = ({ spec }: ResourceSlice, { name }: Device): string =>
  `${spec.driver}/${spec.pool.name}/${name}`

const mapDevices = (
  slices: readonly ResourceSlice[],
  change: (device: Device, slice: ResourceSlice) => Device,
): readonly ResourceSlice[] =>
  slices.map((slice) => {
    const { devices } = slice.spec
    if (devices === undefined) return slice
    return { ...slice, spec: { ...slice.spec, devices: devices.map((device) => change(device, slice)) } }
  })
