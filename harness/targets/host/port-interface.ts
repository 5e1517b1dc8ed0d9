/**
 * The interface of an RDMA device's port. A PCI function has several interfaces where it has several ports, or where a
 * hardware switch represents its virtual functions: their representors stand beside the uplink, with the same
 * `phys_switch_id`. The transfer binary (native/transfer/src/rdma/port.rs) follows the same rule.
 */
import { join } from 'node:path'
import { listOf, readText } from './sysfs-pci.ts'

/** `pf0vf3`, `c1pf0vf3` or `pf0sf88`: Documentation/networking/devlink/devlink-port.rst. */
const REPRESENTOR = /^(c\d+)?pf\d+(vf|sf)\d+$/
const UPLINK = /^p\d+(s\d+)?$/

interface Interface {
  readonly name: string
  /** From 0; undefined where the kernel does not state it. */
  readonly port: number | undefined
  readonly physPortName: string | undefined
  readonly physSwitchId: string | undefined
}

/** `device`: the folder of the RDMA device in sysfs, such as `class/infiniband/mlx5_0`. Undefined: InfiniBand without IPoIB. */
export function interfaceOf(device: string): string | undefined {
  const folder = join(device, 'device/net')
  const all = listOf(folder).map((name): Interface => {
    const value = (file: string): string | undefined => readText(join(folder, name, file)) || undefined
    const port = value('dev_port')
    return {
      name,
      port: port === undefined ? undefined : Number(port),
      physPortName: value('phys_port_name'),
      physSwitchId: value('phys_switch_id'),
    }
  })
  const own = withoutRepresentors(all)
  const byGid = gidInterfaces(device).find((name) => own.some((one) => one.name === name))
  if (byGid !== undefined) return byGid
  const port = portOf(device)
  return (own.find((one) => one.port === port) ?? own.find((one) => one.port === undefined))?.name
}

function withoutRepresentors(all: readonly Interface[]): readonly Interface[] {
  const named = all.filter(({ physPortName }) => !REPRESENTOR.test(physPortName ?? ''))
  // Older kernels name representors by a number alone, and only the uplink by `p0`.
  const switches = new Set(
    named.flatMap(({ physPortName, physSwitchId }) =>
      physSwitchId !== undefined && UPLINK.test(physPortName ?? '') ? [physSwitchId] : [],
    ),
  )
  return named.filter(
    ({ physPortName, physSwitchId }) =>
      physSwitchId === undefined || !switches.has(physSwitchId) || UPLINK.test(physPortName ?? ''),
  )
}

/** Interfaces that the GIDs of the device's first usable port name. */
function gidInterfaces(device: string): readonly string[] {
  const folder = join(device, 'ports', String(firstPort(device)), 'gid_attrs/ndevs')
  return listOf(folder).flatMap((gid) => readText(join(folder, gid)) || [])
}

/** The number of the port that is up, else of the first. */
function firstPort(device: string): number {
  const ports = listOf(join(device, 'ports')).map(Number)
  const active = ports.find((port) =>
    readText(join(device, 'ports', String(port), 'state'))?.includes('ACTIVE'),
  )
  return active ?? ports[0] ?? 1
}

/**
 * The port of the PCI function, from 0. Where a function has an RDMA device for each of its ports, the ports of all of them
 * have number 1, and their order decides.
 */
function portOf(device: string): number {
  const siblings = listOf(join(device, 'device/infiniband'))
  const place = siblings.indexOf(device.slice(device.lastIndexOf('/') + 1))
  return siblings.length > 1 && place >= 0 ? place : firstPort(device) - 1
}
