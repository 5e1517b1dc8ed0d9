/** The device metadata of a container is held against the allocation, per driver. */
import { expect, test } from 'vitest'
import type { AllocatedClaim, AllocatedNic } from '../../harness/claim/allocated-claim.ts'
import { judgeDeviceMetadata } from '../../harness/expect/judge-device-metadata.ts'
import { NotApplicableError } from '../../harness/expect/not-applicable-error.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { visibleDevicesSchema } from '../../harness/transfer/visible-devices.ts'

const { sku } = loadRack('fixtures/racks/h100-2node.yaml')

const nic = (name: string, pciAddress: string): AllocatedNic => ({
  kind: 'nic',
  node: 'node-a',
  driver: 'dra.net',
  pool: 'node-a',
  name,
  pciAddress,
  numaNodes: [0],
  pcieRoot: undefined,
  request: 'nics',
  ifName: undefined,
  rdma: true,
  rdmaDevice: undefined,
  mtu: undefined,
})

const allocated: AllocatedClaim = {
  name: 'claim',
  node: 'node-a',
  gpus: [],
  nics: [nic('nic0', '0000:1a:00.0'), nic('nic1', '0000:3c:00.0')],
}

const path =
  '/var/run/kubernetes.io/dra-device-attributes/resourceclaimtemplates/devices/nics/dra.net-metadata.json'
const described = (device: string, pci_address: string | null = null) => ({
  request: 'nics',
  driver: 'dra.net',
  pool: 'node-a',
  device,
  pci_address,
})

interface File {
  readonly path: string
  readonly devices: readonly object[]
  readonly error: string | null
}

const judged = (...containers: readonly (readonly File[])[]) =>
  judgeDeviceMetadata({
    sku,
    emulated: true,
    claims: async () => [allocated],
    look: async () =>
      containers.map((device_metadata, index) => ({
        node: 'node-a',
        container: `c${index}`,
        allocated,
        visible: visibleDevicesSchema.parse({ infiniband: [], interfaces: [], device_metadata }),
      })),
  })

test('passes where the metadata of every container is the allocation', async () => {
  const file = { path, devices: [described('nic0', '0000:1A:00.0'), described('nic1')], error: null }
  const { verdict, measured } = await judged([file], [file])
  expect(verdict).toBe('passed')
  expect(measured).toBe('4 devices in 2 containers, 0 deviations')
})

test.for([
  [
    'a device that is missing',
    [described('nic0')],
    /c0 on node-a: device .*nic1 of request nics is not described/,
  ],
  [
    'a device of another claim',
    [described('nic0'), described('nic1'), described('nic7')],
    /nic7 of request nics is described, which is not allocated/,
  ],
  [
    'another PCI address',
    [described('nic0', '0000:5e:00.0'), described('nic1')],
    /nic0 of request nics has PCI address 0000:5e:00.0 in the metadata and 0000:1a:00.0 in its slice/,
  ],
  [
    'another request',
    [described('nic0'), { ...described('nic1'), request: 'gpus' }],
    /nic1 of request nics is not described/,
  ],
] as const)('fails for %s', async ([, devices, reason]) => {
  const { verdict, code, reasons } = await judged([{ path, devices, error: null }])
  expect(verdict).toBe('failed')
  expect(code).toBe('DEVICE_METADATA_WRONG')
  expect(reasons.join('\n')).toMatch(reason)
})

test('fails for a container without the file that another container of the node has', async () => {
  const file = { path, devices: [described('nic0'), described('nic1')], error: null }
  const { verdict, reasons } = await judged([file], [])
  expect(verdict).toBe('failed')
  expect(reasons.filter((reason) => reason.includes('c1 on node-a'))).toHaveLength(2)
})

test('names a file that cannot be read, and says it once', async () => {
  const { verdict, reasons } = await judged([{ path, devices: [], error: 'longer than 1048576 bytes' }])
  expect(verdict).toBe('failed')
  expect(reasons).toEqual([`container c0 on node-a: ${path} cannot be read: longer than 1048576 bytes`])
})

test('does not apply where no driver writes metadata', async () => {
  await expect(judged([], [])).rejects.toThrow(NotApplicableError)
})
