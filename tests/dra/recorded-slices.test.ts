import { readFileSync } from 'node:fs'
import { describe, test } from 'vitest'
import { compileSelector } from '../../harness/dra/cel/selector.ts'
import { publicationOf } from '../../harness/claim/publication.ts'
import { devicesOf } from '../../harness/claim/published-device.ts'
import { parseResourceSlices } from '../../harness/dra/parse-slices.ts'

const file = 'fixtures/recorded/dranet-resourceslices-softroce.json'
const slices = parseResourceSlices(JSON.parse(readFileSync(file, 'utf8')), file)
const devices = slices[0]?.spec.devices ?? []
const selectedBy = (expression: string): string[] => {
  const selector = compileSelector(expression, 'request "nic"')
  return devices.filter((device) => selector.matches(device, 'dra.net')).map(({ name }) => name)
}

describe('slices that a real DRANET published', () => {
  test('give the devices of both nodes', ({ expect }) => {
    expect(devicesOf(slices).filter(({ node }) => node === 'vm1')).toMatchInlineSnapshot(`
      [
        {
          "driver": "dra.net",
          "ifName": "cni0",
          "kind": "nic",
          "mtu": 1500,
          "name": "cni0",
          "node": "vm1",
          "numaNodes": undefined,
          "pciAddress": undefined,
          "pcieRoot": undefined,
          "pool": "vm1",
          "rdma": false,
          "rdmaDevice": undefined,
        },
        {
          "driver": "dra.net",
          "ifName": "mgmt0",
          "kind": "nic",
          "mtu": 1500,
          "name": "pci-0000-00-03-0",
          "node": "vm1",
          "numaNodes": undefined,
          "pciAddress": "0000:00:03.0",
          "pcieRoot": "pci0000:00",
          "pool": "vm1",
          "rdma": false,
          "rdmaDevice": undefined,
        },
        {
          "driver": "dra.net",
          "ifName": "nic0",
          "kind": "nic",
          "mtu": 4200,
          "name": "pci-0000-41-00-0",
          "node": "vm1",
          "numaNodes": [
            0,
          ],
          "pciAddress": "0000:41:00.0",
          "pcieRoot": "pci0000:40",
          "pool": "vm1",
          "rdma": true,
          "rdmaDevice": "rxe0",
        },
        {
          "driver": "dra.net",
          "ifName": "nic1",
          "kind": "nic",
          "mtu": 4200,
          "name": "pci-0000-42-00-0",
          "node": "vm1",
          "numaNodes": [
            0,
          ],
          "pciAddress": "0000:42:00.0",
          "pcieRoot": "pci0000:40",
          "pool": "vm1",
          "rdma": true,
          "rdmaDevice": "rxe1",
        },
        {
          "driver": "dra.net",
          "ifName": "nic2",
          "kind": "nic",
          "mtu": 4200,
          "name": "pci-0000-81-00-0",
          "node": "vm1",
          "numaNodes": [
            1,
          ],
          "pciAddress": "0000:81:00.0",
          "pcieRoot": "pci0000:80",
          "pool": "vm1",
          "rdma": true,
          "rdmaDevice": "rxe2",
        },
        {
          "driver": "dra.net",
          "ifName": "nic3",
          "kind": "nic",
          "mtu": 4200,
          "name": "pci-0000-82-00-0",
          "node": "vm1",
          "numaNodes": [
            1,
          ],
          "pciAddress": "0000:82:00.0",
          "pcieRoot": "pci0000:80",
          "pool": "vm1",
          "rdma": true,
          "rdmaDevice": "rxe3",
        },
      ]
    `)
  })

  test('are the same on both nodes, as far as the harness looks', ({ expect }) => {
    const of = (node: string) =>
      devicesOf(slices)
        .filter((device) => device.node === node)
        .map((device) => ({ ...device, node: '', pool: '' }))
    expect(of('vm2')).toEqual(of('vm1'))
    expect(of('vm2')).toHaveLength(6)
  })

  test('publish the NUMA node of every RDMA NIC in the own domain and as one number', ({ expect }) => {
    const { gpus, nics } = publicationOf(slices)
    expect(gpus).toEqual([])
    expect(nics.map(({ numaNode }) => numaNode)).toEqual([{ domain: 'dra.net', list: false, onAll: true }])
  })

  test('answer the NIC selector of the example', ({ expect }) => {
    const rdma = 'device.attributes["dra.net"]["rdma"] == true'
    const node = (n: number) => `device.attributes["dra.net"]["numaNode"] == ${n}`
    expect(selectedBy(`${rdma} && ${node(0)}`)).toEqual(['pci-0000-41-00-0', 'pci-0000-42-00-0'])
    expect(selectedBy(`${rdma} && ${node(1)}`)).toEqual(['pci-0000-81-00-0', 'pci-0000-82-00-0'])
  })

  test('fail a selector that reads numaNode without asking for rdma', ({ expect }) => {
    expect(() => selectedBy('device.attributes["dra.net"]["numaNode"] == 0')).toThrow(
      /device cni0 of dra\.net, which lacks an attribute: expected attribute numaNode/,
    )
  })
})

describe('a file of invalid slices', () => {
  const slice = (devices: unknown) => ({
    metadata: { name: 's' },
    spec: { driver: 'd', pool: { name: 'p', generation: 1, resourceSliceCount: 1 }, nodeName: 'n', devices },
  })

  test.for<[string, unknown, RegExp]>([
    ['no list', { kind: 'Pod' }, /is not a list of ResourceSlices: expected an array/],
    [
      'no pool',
      [{ metadata: { name: 's' }, spec: { driver: 'd' } }],
      /items\[0\] \(s\) is invalid.*spec\.pool/s,
    ],
    [
      'two values in one attribute',
      [slice([{ name: 'x', attributes: { a: { int: 1, bool: true } } }])],
      /attributes\.a/,
    ],
    ['a value of the wrong type', [slice([{ name: 'x', attributes: { a: { int: '0' } } }])], /attributes\.a/],
    ['a fraction', [slice([{ name: 'x', attributes: { a: { int: 0.5 } } }])], /attributes\.a/],
    ['another API version', [{ ...slice([]), apiVersion: 'resource.k8s.io/v1beta1' }], /apiVersion/],
  ])('%s', ([, json, message], { expect }) => {
    expect(() => parseResourceSlices(json, 'slices.json')).toThrow(message)
    expect(() => parseResourceSlices(json, 'slices.json')).toThrow(
      expect.objectContaining({ code: 'SLICE_INVALID' }),
    )
  })

  test('fields that the harness does not know are no reason to refuse it', ({ expect }) => {
    const [parsed] = parseResourceSlices([{ ...slice([{ name: 'x', future: 1 }]), future: 1 }])
    expect(parsed).not.toHaveProperty('future')
    expect(parsed?.spec.devices).toEqual([{ name: 'x' }])
  })
})
