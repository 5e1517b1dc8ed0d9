/** The RDMA NICs of a machine as sysfs shows them, with PCI path, NUMA node, interface and number of their character devices. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { interfaceOf } from './port-interface.ts'
import { functionAbove, listOf, numaNodeAt, pciePathAt, readText } from './sysfs-pci.ts'

export interface SysfsNic {
  /** The RDMA device: `mlx5_0`. */
  readonly name: string
  readonly pciAddress: string
  /** From the host bridge over the PCI bridges above it; undefined where sysfs does not show it. */
  readonly pciePath: readonly string[] | undefined
  /** Undefined for InfiniBand without IPoIB, and for drivers without interfaces. */
  readonly ifName: string | undefined
  /** Undefined where the kernel says -1. */
  readonly numaNode: number | undefined
  /** N of uverbsN; undefined where the kernel's module for it is not loaded. */
  readonly charDevice: number | undefined
  /** Of its interface, bytes. */
  readonly mtu: number | undefined
  readonly mac: string | undefined
  /** Of its PCI function: `0x15b3`. */
  readonly vendor: string
  readonly model: string
}

/** By PCI address. Software RDMA (rxe, siw) has no PCI function and is left out. */
export function nicsIn(sysfs: string): readonly SysfsNic[] {
  const charDevices = charDevicesIn(sysfs)
  const devices = join(sysfs, 'class/infiniband')
  return listOf(devices)
    .flatMap((name): SysfsNic[] => {
      const folder = join(devices, name)
      const pciAddress = existsSync(join(folder, 'device'))
        ? functionAbove(join(folder, 'device'))
        : undefined
      if (pciAddress === undefined) return []
      const ifName = interfaceOf(folder)
      const ofInterface = (file: string): string | undefined =>
        ifName === undefined ? undefined : readText(join(folder, 'device/net', ifName, file))
      const mtu = Number(ofInterface('mtu'))
      return [
        {
          name,
          pciAddress,
          pciePath: pciePathAt(sysfs, pciAddress),
          ifName,
          numaNode: numaNodeAt(sysfs, pciAddress),
          charDevice: charDevices.get(name),
          mtu: mtu > 0 ? mtu : undefined,
          mac: ofInterface('address'),
          vendor: readText(join(folder, 'device/vendor')) ?? 'unknown',
          model: readText(join(folder, 'device/device')) ?? 'unknown',
        },
      ]
    })
    .sort((a, b) => (a.pciAddress < b.pciAddress ? -1 : 1))
}

function charDevicesIn(sysfs: string): ReadonlyMap<string, number> {
  const verbs = join(sysfs, 'class/infiniband_verbs')
  return new Map(
    listOf(verbs).flatMap((name) => {
      const number = /^uverbs(\d+)$/.exec(name)?.[1]
      const device = readText(join(verbs, name, 'ibdev'))
      return number === undefined || device === undefined ? [] : [[device, Number(number)] as const]
    }),
  )
}
