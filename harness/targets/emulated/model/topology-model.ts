/** What `--mode topo` prints in a pod of the model runtime: the node as it is built, as the process runtime's /sys says it. */
import { pciePathOf } from '../../../emulation/pcie-path.ts'
import { numaNodesOf, type Sku, type SkuGpu } from '../../../sku/sku.ts'

export function modelTopology(sku: Sku): string {
  const at = (address: string, device: Pick<SkuGpu, 'numaNode' | 'pciePath'>) => {
    const path = pciePathOf(address, device)
    return {
      pci_address: address,
      numa_node: device.numaNode,
      pci_path: [...path, address],
      host_bridge: path[0],
    }
  }
  return `TOPO ${JSON.stringify({
    gpus: sku.gpus.map((gpu) => at(gpu.pciBusID, gpu)),
    // The interfaces of unclaimed NICs are in the node's network namespace, which a pod does not see.
    nics: sku.nics.map((nic) => ({ ...at(nic.pciAddress, nic), interfaces: [], rdma_devices: [nic.name] })),
    numa_nodes: numaNodesOf(sku).map((node) => ({ node, has_cpus: true, distances: [] })),
  })}`
}
