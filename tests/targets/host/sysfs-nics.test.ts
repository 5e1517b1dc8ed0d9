/** The NICs of a machine by its sysfs: the port's own interface, the PCIe path, the NUMA node. */
import { expect, test } from 'vitest'
import { nicsIn } from '../../../harness/targets/host/sysfs-nics.ts'
import { sysfsOf, type RdmaFunction } from '../../support/sysfs.ts'

const path = 'pci0000:64/0000:64:00.0/0000:65:00.0'
const nics = (nic: Omit<RdmaFunction, 'path' | 'numaNode'>) =>
  nicsIn(sysfsOf({ numaNodes: { 0: '0-7' }, nics: [{ path, numaNode: 0, ...nic }] }))
const ethernet = { type: '1', mtu: '9000', address: '02:00:00:00:00:01' }

test('the PCIe path begins with the host bridge, whose bus is not that of the NIC', () => {
  expect(nics({ rdma: { mlx5_0: {} }, net: { rdma0: { ...ethernet, dev_port: '0' } } })).toEqual([
    {
      name: 'mlx5_0',
      pciAddress: '0000:65:00.0',
      pciePath: ['pci0000:64', '0000:64:00.0'],
      ifName: 'rdma0',
      numaNode: 0,
      charDevice: 0,
      mtu: 9000,
      mac: '02:00:00:00:00:01',
      vendor: '0x15b3',
      model: '0x1021',
    },
  ])
})

test.for([
  ['of port 1', 'ACTIVE', 'DOWN', 'ens1'],
  ['of port 2, which alone is up', 'DOWN', 'ACTIVE', 'ens1d1'],
] as const)('two ports of one RDMA device: the interface %s', ([, first, second, ifName]) => {
  const [nic] = nics({
    rdma: { mlx4_0: { 'ports/1/state': `4: ${first}`, 'ports/2/state': `1: ${second}` } },
    net: { ens1: { ...ethernet, dev_port: '0' }, ens1d1: { ...ethernet, dev_port: '1' } },
  })
  expect(nic?.ifName).toBe(ifName)
})

test('an RDMA device for each port of one function: each has the interface of its port, whatever the names', () => {
  expect(
    nics({
      rdma: { mlx5_0: {}, mlx5_1: {} },
      net: { zz0: { ...ethernet, dev_port: '0' }, aa1: { ...ethernet, dev_port: '1' } },
    }).map(({ name, ifName }) => [name, ifName]),
  ).toEqual([
    ['mlx5_0', 'zz0'],
    ['mlx5_1', 'aa1'],
  ])
})

test.for([
  ['named as devlink names them', 'pf0vf0', 'c1pf0sf88'],
  ['named by a number alone, as older kernels do', '0', '1'],
] as const)('representors beside the uplink, %s', ([, one, other]) => {
  const ofSwitch = { ...ethernet, dev_port: '0', phys_switch_id: '9a3f' }
  const [nic] = nics({
    rdma: { mlx5_0: {} },
    net: {
      aa0: { ...ofSwitch, phys_port_name: one },
      aa1: { ...ofSwitch, phys_port_name: other },
      uplink: { ...ofSwitch, phys_port_name: 'p0' },
    },
  })
  expect(nic?.ifName).toBe('uplink')
})

test("the port's GIDs name its interface", () => {
  const [nic] = nics({
    rdma: { mlx5_0: { 'gid_attrs/none': '', 'ports/1/gid_attrs/ndevs/0': 'net1' } },
    net: { net0: ethernet, net1: ethernet },
  })
  expect(nic?.ifName).toBe('net1')
})

test('InfiniBand without IPoIB has no interface', () => {
  expect(nics({ rdma: { mlx5_0: {} } })).toMatchObject([
    { name: 'mlx5_0', ifName: undefined, mtu: undefined },
  ])
})

test('a PCI domain of five digits, below another bus and a VMD bridge', () => {
  const deep = 'LNXSYSTM:00/VMBUS:00/pci0000:00/0000:00:0e.0/pci10000:00/10000:00:02.0/10000:01:00.0'
  const root = sysfsOf({ numaNodes: { 0: '0' }, nics: [{ path: deep, numaNode: -1, rdma: { mlx5_0: {} } }] })
  expect(nicsIn(root)).toMatchObject([
    {
      pciAddress: '10000:01:00.0',
      pciePath: ['pci0000:00', '0000:00:0e.0', 'pci10000:00', '10000:00:02.0'],
      numaNode: undefined,
    },
  ])
})
