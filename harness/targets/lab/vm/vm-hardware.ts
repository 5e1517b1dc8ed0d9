/**
 * The virtual hardware of a node, as arguments of QEMU: a NUMA node for each of the SKU's, and its NICs at their PCI addresses,
 * behind a host bridge of their NUMA node.
 */
import { ClaimcheckError } from '../../../core/errors.ts'
import { railAddress } from '../../../emulation/rail-addresses.ts'
import { trueMtu } from '../../../rack/link-model.ts'
import type { Rack } from '../../../rack/rack.ts'
import type { SkuNic } from '../../../sku/sku.ts'

const MEMORY_MIB_PER_NUMA_NODE = 1536

/** Rejects an SKU that QEMU cannot build with LAB_UNAVAILABLE. */
export function virtualHardware(rack: Rack, node: string): readonly string[] {
  const numaNodes = numaNodesOf(rack)
  const memory = (numaNode: number): string =>
    `memory-backend-ram,id=memory${numaNode},size=${MEMORY_MIB_PER_NUMA_NODE}M`
  return [
    ['-machine', 'q35', '-smp', `${numaNodes.length}`],
    ['-m', `${numaNodes.length * MEMORY_MIB_PER_NUMA_NODE}M`],
    ...numaNodes.flatMap((numaNode) => [
      ['-object', memory(numaNode)],
      ['-numa', `node,nodeid=${numaNode},cpus=${numaNode},memdev=memory${numaNode}`],
      nicsOf(rack, node, numaNode),
    ]),
  ].flat()
}

/** QEMU numbers its NUMA nodes from 0 without a gap. */
function numaNodesOf({ sku }: Rack): readonly number[] {
  const found = [...new Set([...sku.gpus, ...sku.nics].map(({ numaNode }) => numaNode))].sort((a, b) => a - b)
  if (found.every((numaNode, index) => numaNode === index)) return found
  throw unavailable(`SKU ${sku.name}`, 'has NUMA nodes that a virtual machine cannot have', {
    expected: 'NUMA nodes 0, 1 and so on, without a gap',
    found: found.join(', '),
  })
}

/** Firmware numbers the buses behind a host bridge from the next number on, one for each root port. */
function nicsOf(rack: Rack, node: string, numaNode: number): readonly string[] {
  const nics = rack.sku.nics
    .map((nic, rail) => ({ nic, rail }))
    .filter(({ nic }) => nic.numaNode === numaNode)
  const first = Math.min(...nics.map(({ nic }) => busOf(nic)))
  if (nics.length === 0) return []
  const bridge = first - 1
  const buses = nics.map(({ nic }, port) => {
    if (nic.pciAddress === addressOnBus(first + port) && bridge > 0) return first + port
    throw unavailable(`NIC ${nic.name}`, 'cannot be at its PCI address in a virtual machine', {
      expected:
        'the NICs of a NUMA node at device 0 of successive buses of domain 0000, such as 0000:41:00.0 and 0000:42:00.0',
      found: nic.pciAddress,
    })
  })
  return [
    ['-device', `pxb-pcie,id=bridge${numaNode},bus=pcie.0,bus_nr=${bridge},numa_node=${numaNode}`],
    ...nics.flatMap(({ nic, rail }, port) => [
      ['-device', `pcie-root-port,id=port${rail},bus=bridge${numaNode},chassis=${buses[port]},addr=${port}`],
      ['-netdev', `tap,id=nic${rail},ifname=tap-nic${rail},script=no,downscript=no`],
      ['-device', virtioNic(rack, node, nic, rail)],
    ]),
  ].flat()
}

const virtioNic = (rack: Rack, node: string, nic: SkuNic, rail: number): string => {
  const { mac } = railAddress(rack.nodes.indexOf(node), rail)
  const mtu = trueMtu(rack, node, nic)
  return `virtio-net-pci,netdev=nic${rail},bus=port${rail},addr=0,mac=${mac},host_mtu=${mtu},romfile=`
}

const busOf = ({ pciAddress }: SkuNic): number => Number.parseInt(pciAddress.split(':')[1] ?? '', 16)
const addressOnBus = (bus: number): string => `0000:${bus.toString(16).padStart(2, '0')}:00.0`

const unavailable = (
  subject: string,
  problem: string,
  facts: { readonly expected: string; readonly found: string },
): ClaimcheckError =>
  new ClaimcheckError('LAB_UNAVAILABLE', {
    subject,
    problem,
    ...facts,
    hint: 'Use rack soft-roce-2node, or leave out "--nodes vm".',
  })
