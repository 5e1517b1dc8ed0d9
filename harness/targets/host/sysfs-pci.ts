/** Where a PCI function of this machine is: the bridges above it and its NUMA node, as sysfs shows them. */
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'

const ADDRESS = /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/
const HOST_BRIDGE = /^pci[0-9a-f]{4,8}:[0-9a-f]{2}$/

/**
 * From the host bridge (`pci0000:64`) over the PCI bridges above the function, without the function. The bus of a host bridge
 * need not be that of the function. Undefined where sysfs does not show the function. On some clouds other buses stand
 * before the host bridge.
 */
export function pciePathAt(sysfs: string, pciAddress: string): readonly string[] | undefined {
  const entry = join(sysfs, 'bus/pci/devices', pciAddress)
  if (!existsSync(entry)) return undefined
  const parts = realpathSync(entry).split('/')
  const first = parts.findIndex((part) => HOST_BRIDGE.test(part))
  return first < 0 ? undefined : parts.slice(first, -1)
}

/** The address of the PCI function at or above a folder, such as the one of an RDMA device; undefined where there is none. */
export function functionAbove(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined
  return realpathSync(folder)
    .split('/')
    .findLast((part) => ADDRESS.test(part))
}

/** Undefined where the kernel says -1 or nothing. */
export function numaNodeAt(sysfs: string, pciAddress: string): number | undefined {
  const text = readText(join(sysfs, 'bus/pci/devices', pciAddress, 'numa_node'))
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

/** The nodes that devices can be near to, in order: those with CPUs, or all where the kernel lists no CPUs. */
export function numaNodesIn(sysfs: string): readonly number[] {
  const folder = join(sysfs, 'devices/system/node')
  const all = listOf(folder)
    .flatMap((name) => /^node(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
  const withCpus = all.filter((node) => (readText(join(folder, `node${node}`, 'cpulist')) ?? '') !== '')
  return withCpus.length === 0 ? all : withCpus
}

/** The names in a folder, sorted; none where there is no such folder. */
export const listOf = (folder: string): readonly string[] =>
  existsSync(folder) ? readdirSync(folder).sort() : []

/** The trimmed text of a file; undefined where the file does not exist or the kernel has no value for it. */
export function readText(file: string): string | undefined {
  if (!existsSync(file)) return undefined
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    // Drivers without the value answer so, as for the phys_switch_id of an interface without a switch.
    if (['EOPNOTSUPP', 'ENOTSUP', 'EINVAL', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined
    throw error
  }
}
