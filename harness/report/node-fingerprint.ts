/**
 * Identifies the machines that figures were measured on, from published ResourceSlices: by node and driver, the number of
 * devices, their models and versions, and a digest of their serial numbers, which shows whether two runs used the same ones.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { poolsOf, devicesOn, type PooledDevice } from '../dra/resource-pools.ts'
import type { AttributeValue, ResourceSlice } from '../dra/objects.ts'

/** By node, then by driver. */
export const nodeFingerprintSchema = z.record(
  z.string(),
  z.record(
    z.string(),
    z.strictObject({
      devices: z.int().min(0),
      /** Versions, firmware and models: all values that the devices publish, sorted. */
      attributes: z.record(z.string(), z.array(z.string())),
      serials: z.string().describe('SHA-256 over the published uuid and mac of all devices, sorted'),
    }),
  ),
)

export type NodeFingerprint = Readonly<z.infer<typeof nodeFingerprintSchema>>

const MODELS = new Set(['productName', 'architecture', 'pciVendor', 'pciDevice'])
const SERIALS = new Set(['uuid', 'mac'])

export function fingerprintOf(slices: readonly ResourceSlice[]): NodeFingerprint {
  const nodes = [...new Set(slices.flatMap(({ spec }) => spec.nodeName ?? []))].sort()
  return Object.fromEntries(
    nodes.map((node) => {
      const own = poolsOf(slices.filter(({ spec }) => spec.nodeName === node))
      const drivers = Map.groupBy(
        own.flatMap((pool) => devicesOn(node, pool)),
        ({ driver }) => driver,
      )
      return [node, Object.fromEntries([...drivers].map(([driver, devices]) => [driver, ofDevices(devices)]))]
    }),
  )
}

function ofDevices(devices: readonly PooledDevice[]): NodeFingerprint[string][string] {
  const values = devices.flatMap(({ device }) =>
    Object.entries(device.attributes ?? {}).flatMap(([name, value]) => {
      const text = textOf(value)
      return text === undefined ? [] : [{ id: name.slice(name.indexOf('/') + 1), value, text }]
    }),
  )
  const described = values.filter(
    ({ id, value }) => MODELS.has(id) || 'version' in value || /version|firmware/i.test(id),
  )
  const serials = values.filter(({ id }) => SERIALS.has(id)).map(({ text }) => text)
  return {
    devices: devices.length,
    attributes: Object.fromEntries(
      [...Map.groupBy(described, ({ id }) => id)].map(([id, all]) => [
        id,
        [...new Set(all.map(({ text }) => text))].sort(),
      ]),
    ),
    serials: createHash('sha256').update(serials.sort().join('\n')).digest('hex'),
  }
}

function textOf(value: AttributeValue): string | undefined {
  if ('version' in value) return value.version
  return 'string' in value ? value.string : undefined
}
