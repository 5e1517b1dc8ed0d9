/** The RDMA NICs of a machine as sysfs shows them, with PCI address, NUMA node, interface and number of their character devices. */
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { basename, join } from 'node:path'

export interface SysfsNic {
  /** The RDMA device: `mlx5_0`. */
  readonly name: string
  readonly pciAddress: string
  readonly ifName: string | undefined
  /** Undefined where the kernel says -1. */
  readonly numaNode: number | undefined
  readonly charDevice: number
  readonly mtu: number | undefined
  readonly mac: string | undefined
  /** Of its PCI function: `0x15b3`. */
  readonly vendor: string
  readonly model: string
}

/** Software RDMA (rxe, siw) has no PCI function and is left out. */
export function nicsIn(sysfs: string): readonly SysfsNic[] {
  const verbs = join(sysfs, 'class/infiniband_verbs')
  const numbers = new Map(
    list(verbs).flatMap((name) => {
      const number = /^uverbs(\d+)$/.exec(name)?.[1]
      const device = read(join(verbs, name, 'ibdev'))
      return number === undefined || device === undefined ? [] : [[device, Number(number)] as const]
    }),
  )
  return list(join(sysfs, 'class/infiniband'))
    .flatMap((name): SysfsNic[] => {
      const folder = join(sysfs, 'class/infiniband', name, 'device')
      const charDevice = numbers.get(name)
      if (!existsSync(folder) || charDevice === undefined) return []
      const pciAddress = basename(realpathSync(folder))
      if (!/^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/.test(pciAddress)) return []
      const [ifName] = list(join(folder, 'net'))
      const own = (file: string): string | undefined =>
        ifName === undefined ? undefined : read(join(folder, 'net', ifName, file))
      const mtu = Number(own('mtu'))
      return [
        {
          name,
          pciAddress,
          ifName,
          numaNode: numaNodeAt(sysfs, pciAddress),
          charDevice,
          mtu: mtu > 0 ? mtu : undefined,
          mac: own('address'),
          vendor: read(join(folder, 'vendor')) ?? 'unknown',
          model: read(join(folder, 'device')) ?? 'unknown',
        },
      ]
    })
    .sort((a, b) => (a.pciAddress < b.pciAddress ? -1 : 1))
}

/** Undefined where the kernel says -1 or nothing. */
export function numaNodeAt(sysfs: string, pciAddress: string): number | undefined {
  const node = Number(read(join(sysfs, 'bus/pci/devices', pciAddress, 'numa_node')) ?? -1)
  return node >= 0 ? node : undefined
}

/** Those of the machine, in order. */
export const numaNodesIn = (sysfs: string): readonly number[] =>
  list(join(sysfs, 'devices/system/node'))
    .flatMap((name) => /^node(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)

const list = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder).sort() : [])
const read = (file: string): string | undefined =>
  existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
