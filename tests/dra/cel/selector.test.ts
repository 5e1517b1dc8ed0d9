import { describe, test } from 'vitest'
import { compileSelector } from '../../../harness/dra/cel/selector.ts'
import type { Device } from '../../../harness/dra/objects.ts'
import { ClaimcheckError } from '../../../harness/core/errors.ts'

const nic: Device = {
  name: 'pci-0101-00-00-0',
  attributes: {
    'dra.net/ifName': { string: 'rdma0' },
    'dra.net/rdma': { bool: true },
    'dra.net/numaNode': { int: 0 },
    'dra.net/ipv4': { string: '10.64.0.1/24' },
    'resource.kubernetes.io/numaNode': { ints: [0, 1] },
    firmware: { version: '1.2.3' },
  },
  capacity: { bandwidth: { value: '400G' } },
}
const bridge: Device = { name: 'cni0', attributes: { 'dra.net/rdma': { bool: false } } }

const selects = (expression: string, device: Device = nic): boolean =>
  compileSelector(expression, 'request "nic"').matches(device, 'dra.net')

function thrown(work: () => unknown): ClaimcheckError {
  try {
    work()
  } catch (error) {
    if (error instanceof ClaimcheckError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('a selector that is true of the NIC', () => {
  test.for([
    'device.driver == "dra.net"',
    'device.attributes["dra.net"]["numaNode"] == 0',
    'device.attributes["dra.net"].numaNode == 0',
    'device.attributes["dra.net"]["rdma"]',
    'device.attributes["dra.net"].ifName in ["rdma0", "rdma1"]',
    '"numaNode" in device.attributes["dra.net"]',
    '"dra.net" in device.attributes',
    '!("nowhere.example" in device.attributes)',
    '!("id" in device.attributes["nowhere.example"])',
    'has(device.attributes["dra.net"].numaNode)',
    '!has(device.attributes["nowhere.example"].id)',
    'device.attributes["dra.net"].ifName != "has(x)"',
    'device.attributes["dra.net"].?speed.orValue(7) == 7',
    'device.attributes["nowhere.example"][?"id"].orValue("none") == "none"',
    'cel.bind(d, device.attributes["dra.net"], d.rdma && d.numaNode == 0)',
    '1 in device.attributes["resource.kubernetes.io"].numaNode',
    'device.attributes["resource.kubernetes.io"].numaNode.includes(1)',
    'device.attributes["dra.net"].numaNode.includes(0)',
    'device.attributes["resource.kubernetes.io"].numaNode != 0',
    'device.attributes["dra.net"].numaNode != "0"',
    'device.attributes["dra.net"].numaNode < 0.5',
    'device.attributes["dra.net"].firmware.isGreaterThan(semver("1.2.0"))',
    'device.attributes["dra.net"].firmware == semver("1.2.3")',
    'device.capacity["dra.net"].bandwidth.compareTo(quantity("100G")) > 0',
    'device.capacity["dra.net"].bandwidth == quantity("400000M")',
    'cidr(device.attributes["dra.net"].ipv4).containsIP("10.64.0.9")',
    '!device.allowMultipleAllocations',
    'device.attributes["dra.net"].exists(id, id.startsWith("num"))',
  ])('%s', (expression, { expect }) => {
    expect(selects(expression)).toBe(true)
  })
})

test('an unknown attribute is an error that names device, attribute and what there is', ({ expect }) => {
  const error = thrown(() => selects('device.attributes["dra.net"]["numaNode"] == 0', bridge))
  expect(error.code).toBe('CEL_RUNTIME')
  expect(error.details).toMatchObject({ device: 'cni0', domain: 'dra.net', attribute: 'numaNode' })
  expect(error.message).toMatchInlineSnapshot(`
    "request "nic" has a CEL selector that fails on device cni0 of dra.net, which lacks an attribute: expected attribute numaNode in domain dra.net, found rdma. Check that the device has the attribute first: "numaNode" in device.attributes["dra.net"] && ...
        device.attributes["dra.net"]["numaNode"] == 0
        ^"
  `)
})

test('a misspelt attribute is answered with the nearest one', ({ expect }) => {
  const error = thrown(() => selects('device.attributes["dra.net"].numanode == 0'))
  expect(error.code).toBe('CEL_RUNTIME')
  expect(error.hint).toContain('Did you mean "numaNode"?')
})

test('an id in a domain that no attribute has is a missing attribute', ({ expect }) => {
  const error = thrown(() => selects('device.attributes["nowhere.example"]["id"] == 0'))
  expect(error).toMatchObject({ code: 'CEL_RUNTIME', found: 'no attribute in that domain' })
})

test('asking rdma first spares the devices without a NUMA node, in either order', ({ expect }) => {
  const rdma = 'device.attributes["dra.net"]["rdma"] == true'
  const node = 'device.attributes["dra.net"]["numaNode"] == 0'
  expect(selects(`${rdma} && ${node}`, bridge)).toBe(false)
  expect(selects(`${node} && ${rdma}`, bridge)).toBe(false)
})

test('unqualified attributes belong to the domain of the driver', ({ expect }) => {
  const gpu: Device = { name: 'gpu-0', attributes: { type: { string: 'gpu' } } }
  const selector = compileSelector('device.attributes["gpu.nvidia.com"].type == "gpu"', 'DeviceClass gpu')
  expect(selector.matches(gpu, 'gpu.nvidia.com')).toBe(true)
  expect(thrown(() => selector.matches(gpu, 'other.example')).code).toBe('CEL_RUNTIME')
})

test('a result that is no bool, and a version that does not parse, are errors', ({ expect }) => {
  expect(thrown(() => selects('device.attributes["dra.net"].numaNode')).code).toBe('CEL_RUNTIME')
  const broken: Device = { name: 'x', attributes: { firmware: { version: 'one' } } }
  expect(thrown(() => selects('device.driver == "dra.net"', broken)).message).toContain(
    '"one" is not a semantic',
  )
})

describe('an expression that cannot be compiled', () => {
  test.for<[string, string, string]>([
    ['device.attributes["dra.net"]["numaNode"', '1:40', 'Correct the expression'],
    ['devcie.driver == "dra.net"', '1:1', 'Did you mean "device"?'],
    ['device.attributs["dra.net"].x == 1', '1:8', 'Did you mean "attributes"?'],
    ['true &&\n quantiti("1") == quantity("1")', '2:2', 'Did you mean "quantity"?'],
    ['device.driver.startWith("dra")', '1:1', 'Did you mean "startsWith"?'],
    ['device.driver + 1 == "x"', '1:1', 'Correct the expression'],
    ['has(device)', '1:5', 'Correct the expression'],
    ['', '1:1', 'Correct the expression'],
  ])('%s', ([expression, place, advice], { expect }) => {
    const error = thrown(() => compileSelector(expression, 'request "nic"'))
    expect(error.code).toBe('CEL_INVALID')
    expect(error.message).toContain(`at ${place}`)
    expect(error.hint).toContain(advice)
    expect(error.hint).toMatch(/\n {4}.*\n {4} *\^$/)
  })

  test('because it does not evaluate to a bool', ({ expect }) => {
    const error = thrown(() => compileSelector('1 + 1', 'request "nic"'))
    expect(error).toMatchObject({ code: 'CEL_INVALID', details: { type: 'int' } })
  })
})
