/**
 * The files and links of /sys in a pod of the rack: every GPU and NIC of its node with PCI path and NUMA node. As in the
 * shared RDMA namespace mode of a real node, they include devices that the pod has not claimed.
 */
import type { Sku } from '../sku/sku.ts'
import { charDevicesOf } from './char-devices.ts'
import { pciePathOf } from './pcie-path.ts'
import { numaNodesOf } from '../sku/sku.ts'
import { vendorOf } from '../sku/sku-vendor.ts'

export interface SysfsTree {
  readonly files: readonly { readonly path: string; readonly content: string }[]
  readonly links: readonly { readonly path: string; readonly to: string }[]
}

const GPU_CLASS = '0x030200'
const NIC_CLASS = '0x020000'
const MELLANOX = '0x15b3'

export function sysfsOf(sku: Sku): SysfsTree {
  const files: { path: string; content: string }[] = []
  const links: { path: string; to: string }[] = []
  const put = (path: string, content: string): void =>
    void files.push({ path: `/sys/${path}`, content: `${content}\n` })
  const pci = (
    address: string,
    path: readonly string[],
    numaNode: number,
    kind: string,
    vendor: string,
  ): string => {
    const folder = `devices/${path.join('/')}/${address}`
    put(`${folder}/class`, kind)
    put(`${folder}/vendor`, vendor)
    put(`${folder}/numa_node`, String(numaNode))
    links.push({ path: `/sys/bus/pci/devices/${address}`, to: `../../../${folder}` })
    return folder
  }
  for (const gpu of sku.gpus)
    pci(gpu.pciBusID, pciePathOf(gpu.pciBusID, gpu), gpu.numaNode, GPU_CLASS, vendorOf(sku).pciVendorId)
  for (const nic of sku.nics) {
    const folder = pci(nic.pciAddress, pciePathOf(nic.pciAddress, nic), nic.numaNode, NIC_CLASS, MELLANOX)
    if (nic.ifName !== undefined) put(`${folder}/net/${nic.ifName}/type`, '1')
    put(`${folder}/infiniband/${nic.name}/node_type`, '1: CA')
    links.push({ path: `/sys/class/infiniband/${nic.name}`, to: `../../${folder}/infiniband/${nic.name}` })
    links.push({ path: `/sys/${folder}/infiniband/${nic.name}/device`, to: '../..' })
    for (const { kind, name } of charDevicesOf(sku, nic))
      put(`class/${kind === 'uverbs' ? 'infiniband_verbs' : 'infiniband_mad'}/${name}/ibdev`, nic.name)
  }
  if (sku.nics.length > 0) put('class/misc/rdma_cm/dev', '10:122')
  for (const node of numaNodesOf(sku)) put(`devices/system/node/node${node}/cpulist`, '')
  return { files, links }
}
