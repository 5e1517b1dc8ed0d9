/**
 * Slices as they are published in the field: what discover makes of them, that the profile matches the slices that it was made
 * from, and that claims made from it get the devices that they ask for.
 */
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { resolveAllocation } from '../../harness/claim/allocated-claim.ts'
import { numaTemplate } from '../../harness/claim/claim-template.ts'
import { numaPlacementsOf } from '../../harness/claim/numa-placements.ts'
import { publicationOf } from '../../harness/claim/publication.ts'
import { compareTopology } from '../../harness/claim/published-topology.ts'
import { verifyTopology } from '../../harness/claim/verify-allocation.ts'
import { discover } from '../../harness/cli/discover.ts'
import type { ResourceSlice } from '../../harness/dra/objects.ts'
import { allocate } from '../../harness/scheduling/allocate.ts'
import { allocatedClaim } from '../../harness/scheduling/claim-status.ts'
import { loadSku, type Sku } from '../../harness/sku/sku.ts'
import { classesFor, fieldSlices } from '../support/field-slices.ts'
import { temporaryFolder } from '../support/rack-file.ts'

interface Expected {
  /** NUMA node of each GPU; `?` where it must be filled in. */
  readonly gpus: string
  readonly nics: string
  readonly memory: string
  readonly underTest?: string
  readonly mtu?: number
  readonly comments?: readonly RegExp[]
}

const UPLINK = '!("ifName" in device.attributes["dra.net"])'
const uplink: Expected = {
  gpus: '????',
  nics: '0011',
  memory: '80 GiB',
  underTest: UPLINK,
  comments: [
    /2 nodes of this kind, vmss-0, vmss-1/,
    /Not under test: mlx5_8 \(an Ethernet interface with MTU 1500/,
  ],
}

const profiles: Readonly<Record<string, Expected>> = {
  'alibaba-erdma': { gpus: '??', nics: '0', memory: '80 GiB' },
  'amd-mi300x': { gpus: '00001111', nics: '00001111', memory: '196592 MiB' },
  'amd-mi325x-ainic': {
    gpus: '00001111',
    nics: '00001111',
    memory: '262128 MiB',
    comments: [/Not under test: gpu-8-136 on node-a is a GPU partition/],
  },
  'aws-driver-efa': { gpus: '????', nics: '0011', memory: '80 GiB' },
  'bluefield-and-irdma-front-end': {
    gpus: '0011',
    nics: '0011',
    memory: '80 GiB',
    mtu: 9000,
    underTest: '(!("mtu" in device.attributes["dra.net"]) || device.attributes["dra.net"]["mtu"] > 1500)',
    comments: [/Not under test: ens5f0np0, ens5f1np1, eno1 \(an interface with MTU 1500/],
  },
  'bond-beside-ports': {
    gpus: '0011',
    nics: '0011',
    memory: '80 GiB',
    underTest: '"pciAddress" in device.attributes["dra.net"]',
    comments: [/Not under test: bond0 \(not on the PCI bus, beside NICs that are\)/],
  },
  'dranet-aks-uplink-child': uplink,
  'dranet-aks-uplink-child-no-numa': uplink,
  'dranet-pf-and-vfs': {
    gpus: '0',
    nics: '0',
    memory: '80 GiB',
    mtu: 9000,
    underTest:
      '(!("isSriovVf" in device.attributes["dra.net"]) || device.attributes["dra.net"]["isSriovVf"] == false)',
    comments: [/Not under test: ens1f0v0, ens1f0v1 \(virtual functions that are down/],
  },
  'dual-port-idle': {
    gpus: '0011',
    nics: '0011',
    memory: '80 GiB',
    mtu: 9000,
    underTest:
      '(!("state" in device.attributes["dra.net"]) || device.attributes["dra.net"]["state"] != "down")',
    comments: [/Not under test: rdma0p1, .* \(ports that are down, beside another port of the same NIC\)/],
  },
  'gb200-memory-nodes': {
    gpus: '????',
    nics: '0011',
    memory: '189471 MiB',
    comments: [/numaNode: FILL_IN, memoryNumaNode: 26 } # the driver publishes the node of its own memory/],
  },
  'gb200-numa-lists': {
    gpus: '0011',
    nics: '0011',
    memory: '189471 MiB',
    comments: [/"0018:01:00\.0", numaNode: 1, memoryNumaNode: 18 }/],
  },
  'gb300-azure': { gpus: '????', nics: '0011', memory: '189471 MiB' },
  'gke-a3-ultra': { gpus: '????????', nics: '00001111', memory: '80 GiB', mtu: 8896 },
  'gpus-only': {
    gpus: '0011',
    nics: '',
    memory: '80 GiB',
    comments: [/nics: \[\] # no RDMA NIC is published/],
  },
  'kep6072-nps4-lists': { gpus: '33117755', nics: '33117755', memory: '80 GiB' },
  'nics-only': { gpus: '', nics: '0011', memory: 'none', comments: [/gpus: \[\] # none is published/] },
  'nodeselector-pool': {
    gpus: '??',
    nics: '01',
    memory: '80 GiB',
    comments: [
      /pool fabric-pool of driver gpu\.nvidia\.com is left alone: it uses nodeSelector, devices\.bindsToNode, devices\.bindingConditions/,
      /pool per-device of driver gpu\.nvidia\.com is left alone: it uses perDeviceNodeSelection, devices\.nodeName/,
    ],
  },
  'numa-minus-one': { gpus: '0?11', nics: '00?1', memory: '80 GiB' },
  'nvidia-long-addresses': {
    gpus: '??',
    nics: '01',
    memory: '80 GiB',
    comments: [/pciBusID: "0000:d8:00\.0"/],
  },
  'nvidia-partitionable': {
    gpus: '0',
    nics: '01',
    memory: '80 GiB',
    comments: [
      /gpu-0-mig-1g10gb-0 on node-a is a MIG partition/,
      /uses sharedCounters, devices\.consumesCounters; only its whole GPUs are in this profile/,
    ],
  },
  'nvidia-25.8-pcieBusID': { gpus: '??', nics: '01', memory: '80 GiB' },
  'nvidia-mig-beside-gpus': {
    gpus: '??',
    nics: '01',
    memory: '80 GiB',
    comments: [/gpu-0-mig-3g\.40gb-9-0 on node-a is a MIG partition/],
  },
  'nvidia-vfio-beside-gpus': {
    gpus: '01',
    nics: '01',
    memory: '80 GiB',
    comments: [/gpu-vfio-1 on node-a is a GPU that is passed through to virtual machines/],
  },
  'nvidia-xid-taints': {
    gpus: '??',
    nics: '01',
    memory: '80 GiB',
    comments: [/Not claimable: gpu-1 on node-a has the taint gpu\.nvidia\.com\/xid=79:NoSchedule/],
  },
  'oci-h100-16nic': {
    gpus: '????????',
    nics: '0000000011111111',
    memory: '80 GiB',
    mtu: 9000,
    underTest: '(!("mtu" in device.attributes["dra.net"]) || device.attributes["dra.net"]["mtu"] > 1500)',
    comments: [/Not under test: eth1 \(an interface with MTU 1500; the 16 others have a larger MTU\)/],
  },
  'p4d-efa': {
    gpus: '00001111',
    nics: '0011',
    memory: '189471 MiB',
    comments: [
      /"0000:10:1c\.0", numaNode: 0 } # NUMA node of pci-0000-10-1b-0, under the same PCIe host bridge/,
    ],
  },
  'sriov-operator-infiniband': { gpus: '0011', nics: '0011', memory: '80 GiB' },
  'two-products': {
    gpus: '01',
    nics: '01',
    memory: '80 GiB',
    comments: [/The GPUs are of several products: 1 x NVIDIA H100 80GB HBM3, 1 x NVIDIA T4/],
  },
  'vfs-and-parents-up': {
    gpus: '0011',
    nics: '0011',
    memory: '80 GiB',
    underTest:
      '(!("sriovVfs" in device.attributes["dra.net"]) || device.attributes["dra.net"]["sriovVfs"] == 0)',
    comments: [
      /Not under test: rdma0, .* \(the physical function of virtual functions that are published too\)/,
    ],
  },
}

const refusals: Readonly<Record<string, { readonly code: string; readonly message: RegExp }>> = {
  'dranet-ipoib-rdma-false': {
    code: 'NOT_FOUND',
    message: /found 2 GPUs and 0 RDMA NICs; NICs without RDMA: node-a\/pci-0101-00-00-0.*RDMA modules/,
  },
  'nvidia-consumable-shares': { code: 'NOT_FOUND', message: /node-a\/gpu-0 is a share of a GPU/ },
  'nvidia-no-devices': {
    code: 'NOT_FOUND',
    message: /pool node-a of driver gpu\.nvidia\.com has no devices/,
  },
  'pool-mid-update': {
    code: 'POOL_INCOMPLETE',
    message:
      /pool node-a of driver gpu\.nvidia\.com is incomplete: expected 2 slices of generation 2, found 1 of generation 2 \(g2\), beside the outdated g1 of generation 1/,
  },
}

/** Nothing to claim, or features that only a cluster allocates. */
const WITHOUT_CLAIMS = new Set([
  'gpus-only',
  'nodeselector-pool',
  'nvidia-partitionable',
  'nvidia-xid-taints',
])

test('every recorded file has its expectation', ({ expect }) => {
  const files = readdirSync('tests/fixtures/field/slices').map((file) => file.replace('.json', ''))
  expect(files.sort()).toEqual([...Object.keys(profiles), ...Object.keys(refusals)].sort())
})

describe.for(Object.entries(profiles))('%s', ([name, expected]) => {
  const slices = fieldSlices(name)
  const { yaml } = discover(slices, name)

  test('gives a profile of what is under test', ({ expect }) => {
    const sku = load(filledIn(yaml, expected))
    const unknown = `${expected.gpus}${expected.nics}`.split('?').length - 1
    expect(yaml.match(/numaNode: FILL_IN/g) ?? []).toHaveLength(unknown)
    expect(yaml.match(/FILL_IN/g)?.length ?? 0).toBe(unknown === 0 ? 0 : unknown + 1)
    expect(sku.gpus.map(({ numaNode }) => numaNode).join('')).toBe(expected.gpus.replaceAll('?', '0'))
    expect(sku.nics.map(({ numaNode }) => numaNode).join('')).toBe(expected.nics.replaceAll('?', '0'))
    expect(sku.gpu.memory).toBe(expected.memory)
    expect(sku.nic.underTest).toBe(expected.underTest)
    if (expected.mtu !== undefined) expect(sku.nic.mtu).toBe(expected.mtu)
    for (const comment of expected.comments ?? []) expect(yaml).toMatch(comment)
    expect(yaml).not.toContain('charDevice')
    expect(sku.reference).toEqual({ source: 'none yet' })
  })

  test('matches the nodes that it was made from', ({ expect }) => {
    expect(compareTopology(slices, load(filledIn(yaml, expected)))).toEqual([])
  })

  test.skipIf(WITHOUT_CLAIMS.has(name))(
    'makes claims that get the devices of their placement',
    ({ expect }) => {
      const sku = load(filledIn(yaml, expected))
      const placements = numaPlacementsOf(sku).flatMap(({ placement }) =>
        'unavailable' in placement ? [] : [placement],
      )
      expect(placements.length).toBeGreaterThan(0)
      for (const placement of placements) {
        const allocated = resolveAllocation(claimFor(placement, sku, slices), slices)
        const verified = verifyTopology(allocated, placement, sku)
        expect(verified.gpus).toHaveLength(placement.memory === 'host' ? 0 : placement.gpus.count)
        expect(verified.nics).toHaveLength(placement.nics.count)
      }
    },
  )
})

test.for(Object.entries(refusals))(
  '%s is refused with what is there instead',
  ([name, refused], { expect }) => {
    const slices = fieldSlices(name)
    expect(() => discover(slices, name)).toThrow(
      expect.objectContaining({ code: refused.code, message: expect.stringMatching(refused.message) }),
    )
  },
)

test.for([
  ['nodeselector-pool', /ResourceSlice f uses fields .*: expected .*, found nodeSelector/],
  ['nvidia-consumable-shares', /device gpu-0 .*found allowMultipleAllocations/],
] as const)(
  'the allocator of emulated targets refuses %s by the name of the field',
  ([name, message], { expect }) => {
    const slices = fieldSlices(name)
    const classes = classesFor(slices)
    const request = { deviceClassName: 'gpu.nvidia.com', count: 1 }
    const spec = { devices: { requests: [{ name: 'gpu', exactly: request }] } }
    expect(() =>
      allocate({ claims: [{ name: 'c', spec }], nodes: ['node-a'], slices, classes, allocated: [] }),
    ).toThrow(
      expect.objectContaining({ code: 'ALLOCATION_UNSUPPORTED', message: expect.stringMatching(message) }),
    )
  },
)

function claimFor(placement: Parameters<typeof numaTemplate>[0], sku: Sku, slices: readonly ResourceSlice[]) {
  const classes = classesFor(slices)
  const template = numaTemplate(placement, sku, { published: publicationOf(slices), classes })
  const nodes = [...new Set(slices.flatMap(({ spec }) => spec.nodeName ?? []))]
  const { node, claims } = allocate({
    claims: [{ name: 'claim', spec: template.spec.spec }],
    nodes,
    slices,
    classes,
    allocated: [],
  })
  const results = claims.flatMap((claim) => claim.results)
  return allocatedClaim({ name: 'claim', template, node, results, pod: 'pod' })
}

/** As an engineer would, who read the nodes' own numbers. */
const filledIn = (yaml: string, { gpus, nics }: Expected): string =>
  `${gpus}${nics}`.includes('?') ? yaml.replaceAll('numaNode: FILL_IN', 'numaNode: 0') : yaml

function load(yaml: string): Sku {
  const path = join(temporaryFolder(), 'sku.yaml')
  writeFileSync(path, yaml)
  return loadSku(path)
}
