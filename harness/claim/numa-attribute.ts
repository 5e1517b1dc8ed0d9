/**
 * Under which name, and in which form, the devices of a cluster publish their NUMA node. Takes slices; gives the one
 * form that every device of a kind has, so that a selector can read it without meeting a device that lacks it.
 */
import { memoizeByObject } from '../core/memo.ts'
import type { Device, ResourceSlice } from '../dra/objects.ts'
import { qualify } from '../dra/cel/cel-device.ts'
import { GPU_DRIVER, NIC_DRIVER, STANDARD_DOMAIN } from './published-device.ts'
import { poolsOf } from '../dra/resource-pools.ts'

export interface NumaAttribute {
  readonly domain: string
  /** Whether the value is a list, as with Kubernetes' DRAListTypeAttributes. */
  readonly list: boolean
}

export interface NumaAttributes {
  readonly gpu: NumaAttribute | undefined
  readonly nic: NumaAttribute | undefined
}

/** Looks at all GPUs and at all RDMA NICs; a NIC without RDMA needs no NUMA node. */
export const numaAttributesOf = memoizeByObject((slices: readonly ResourceSlice[]): NumaAttributes => {
  const devices = (driver: string) =>
    poolsOf(slices)
      .filter((pool) => pool.driver === driver)
      .flatMap((pool) => pool.slices.flatMap(({ spec }) => spec.devices ?? []))
  const nics = devices(NIC_DRIVER).filter((nic) => {
    const rdma = read(nic, NIC_DRIVER, NIC_DRIVER, 'rdma')
    return rdma !== undefined && 'bool' in rdma && rdma.bool
  })
  return { gpu: common(devices(GPU_DRIVER), GPU_DRIVER), nic: common(nics, NIC_DRIVER) }
})

function common(devices: readonly Device[], driver: string): NumaAttribute | undefined {
  if (devices.length === 0) return undefined
  for (const domain of [driver, STANDARD_DOMAIN]) {
    const values = devices.map((device) => read(device, driver, domain, 'numaNode'))
    if (values.every((value) => value !== undefined && 'int' in value)) return { domain, list: false }
    if (values.every((value) => value !== undefined && 'ints' in value)) return { domain, list: true }
  }
  return undefined
}

function read(device: Device, driver: string, domain: string, id: string) {
  return Object.entries(device.attributes ?? {}).find(([name]) => {
    const [otherDomain, otherId] = qualify(name, driver)
    return otherDomain === domain && otherId === id
  })?.[1]
}
