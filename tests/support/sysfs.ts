/** Makes a sysfs of a machine's PCI functions, RDMA devices and NUMA nodes, as the kernel lays it out. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { temporaryFolder } from './rack-file.ts'

interface PciFunction {
  /** From the host bridge to the function: `pci0000:64/0000:64:00.0/0000:65:00.0`. */
  readonly path: string
  readonly numaNode: number
  /** `0x10de` */
  readonly vendor: string
  /** `0x030200` */
  readonly class: string
  readonly device?: string
  /** Further files in the function's folder. */
  readonly files?: Readonly<Record<string, string>>
}

export interface RdmaFunction extends Omit<PciFunction, 'vendor' | 'class'> {
  /** RDMA devices by name, with the files in the folder of each. */
  readonly rdma: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Interfaces by name, with the files in the folder of each. */
  readonly net?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export interface Machine {
  /** The kernel's list of CPUs by NUMA node; empty for a node of memory alone. */
  readonly numaNodes: Readonly<Record<number, string>>
  readonly gpus?: readonly PciFunction[]
  readonly nics?: readonly RdmaFunction[]
}

/** Returns its root. */
export function sysfsOf({ numaNodes, gpus = [], nics = [] }: Machine): string {
  const root = temporaryFolder()
  const put = (path: string, content: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), `${content}\n`)
  }
  const link = (path: string, to: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    symlinkSync(join(root, to), join(root, path))
  }
  const pci = (one: PciFunction): string => {
    const folder = `devices/${one.path}`
    const files = { vendor: one.vendor, class: one.class, device: one.device ?? '0x1021', ...one.files }
    for (const [file, content] of Object.entries({ ...files, numa_node: String(one.numaNode) }))
      put(`${folder}/${file}`, content)
    link(`bus/pci/devices/${one.path.slice(one.path.lastIndexOf('/') + 1)}`, folder)
    return folder
  }
  for (const [node, cpus] of Object.entries(numaNodes)) put(`devices/system/node/node${node}/cpulist`, cpus)
  for (const gpu of gpus) pci(gpu)
  let uverbs = 0
  for (const nic of nics) {
    const folder = pci({ ...nic, vendor: '0x15b3', class: '0x020000' })
    for (const [name, files] of Object.entries(nic.net ?? {}))
      for (const [file, content] of Object.entries(files)) put(`${folder}/net/${name}/${file}`, content)
    for (const [name, files] of Object.entries(nic.rdma)) {
      put(`${folder}/infiniband/${name}/node_type`, '1: CA')
      for (const [file, content] of Object.entries(files))
        put(`${folder}/infiniband/${name}/${file}`, content)
      link(`class/infiniband/${name}`, `${folder}/infiniband/${name}`)
      link(`${folder}/infiniband/${name}/device`, folder)
      put(`class/infiniband_verbs/uverbs${uverbs}/ibdev`, name)
      uverbs += 1
    }
  }
  return root
}
