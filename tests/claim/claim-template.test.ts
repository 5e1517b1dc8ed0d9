import { describe, test } from 'vitest'
import { compileSelector } from '../../harness/dra/cel/selector.ts'
import type { Device, ResourceClaimTemplate, ResourceSlice } from '../../harness/dra/objects.ts'
import { publicationOf } from '../../harness/claim/publication.ts'
import type { Placement } from '../../harness/claim/placement.ts'
import { numaTemplate } from '../../harness/claim/claim-template.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { publishRack } from '../../harness/emulation/publish-rack.ts'

const rack = loadRack('fixtures/racks/h100-2node.yaml')
const { slices, classes } = publishRack(rack)
const aligned = {
  alignment: 'aligned',
  gpus: { count: 4, numaNode: 0 },
  nics: { count: 4, numaNode: 0 },
} as const satisfies Placement
const unaligned = {
  alignment: 'unaligned',
  gpus: { count: 4, numaNode: 0 },
  nics: { count: 4, numaNode: 1 },
} as const satisfies Placement
const published = publicationOf(slices)

/** The templates of DRANET's NIXL KV-transfer example, as its page shows them. */
const example = (arm: 'aligned' | 'unaligned'): ResourceClaimTemplate => ({
  apiVersion: 'resource.k8s.io/v1',
  kind: 'ResourceClaimTemplate',
  metadata: { name: `h100-4gpu-4nic-numa-${arm}` },
  spec: {
    spec: {
      devices: {
        requests: [
          {
            name: 'gpu',
            exactly: {
              deviceClassName: 'gpu.nvidia.com',
              count: 4,
              selectors: [
                {
                  cel: {
                    expression:
                      'device.attributes["resource.kubernetes.io"]["pciBusID"] in ["0001:00:00.0","0002:00:00.0","0003:00:00.0","0008:00:00.0"]',
                  },
                },
              ],
            },
          },
          {
            name: 'nic',
            exactly: {
              deviceClassName: 'dranet.net',
              count: 4,
              selectors: [
                {
                  cel: {
                    expression: `device.attributes["dra.net"]["rdma"] == true && device.attributes["dra.net"]["numaNode"] == ${arm === 'aligned' ? 0 : 1}`,
                  },
                },
              ],
            },
          },
        ],
      },
    },
  },
})

/** What each request selects, by name of the request: evaluated, not compared as text. */
function selections(
  template: ResourceClaimTemplate,
  from: readonly ResourceSlice[],
): Record<string, string[]> {
  return Object.fromEntries(
    template.spec.spec.devices.requests.map((request) => {
      if (!('exactly' in request)) throw new Error('the templates have exact requests only')
      const { deviceClassName, selectors = [] } = request.exactly
      const ofClass = classes.find(({ metadata }) => metadata.name === deviceClassName)?.spec.selectors ?? []
      const all = [...ofClass, ...selectors].map(({ cel }) => compileSelector(cel.expression, request.name))
      const names = from.flatMap(({ spec }) =>
        (spec.devices ?? [])
          .filter((device) => all.every((selector) => selector.matches(device, spec.driver)))
          .map(({ name }) => `${spec.nodeName}/${name}`),
      )
      return [request.name, names]
    }),
  )
}

/** Everything but spaces inside expressions. */
const normalised = (template: ResourceClaimTemplate): unknown =>
  JSON.parse(JSON.stringify(template), (key, value: unknown) =>
    key === 'expression' && typeof value === 'string' ? value.replaceAll(/\s+/g, '') : value,
  )

describe.for([aligned, unaligned])('the template that is $alignment', (placement) => {
  const ours = numaTemplate(placement, rack.sku, {
    published,
    name: `h100-4gpu-4nic-numa-${placement.alignment}`,
  })

  test("is the example's", ({ expect }) => {
    expect(normalised(ours)).toEqual(normalised(example(placement.alignment)))
  })

  test("selects what the example's selects", ({ expect }) => {
    const theirs = selections(example(placement.alignment), slices)
    expect(selections(ours, slices)).toEqual(theirs)
    expect(theirs['gpu']).toHaveLength(8)
    expect(theirs['nic']).toHaveLength(8)
  })
})

test('without a name of its own the template says what it is', ({ expect }) => {
  expect(numaTemplate(unaligned, rack.sku, { published }).metadata.name).toBe(
    'h100x8-4gpu-4nic-numa-unaligned',
  )
})

describe('the selectors follow what the cluster publishes', () => {
  const republish = (change: (device: Device, driver: string) => Device): ResourceSlice[] =>
    slices.map((slice) => ({
      ...slice,
      spec: {
        ...slice.spec,
        devices: slice.spec.devices?.map((device) => change(device, slice.spec.driver)) ?? [],
      },
    }))
  const without = (device: Device, ...names: string[]): Device => ({
    ...device,
    attributes: Object.fromEntries(
      Object.entries(device.attributes ?? {}).filter(([name]) => !names.includes(name)),
    ),
  })
  const standardOnly = republish((device) => without(device, 'dra.net/numaNode'))
  const lists = republish((device) => {
    const bare = without(device, 'dra.net/numaNode')
    const value = bare.attributes?.['resource.kubernetes.io/numaNode']
    if (value === undefined || !('int' in value)) return bare
    return {
      ...bare,
      attributes: { ...bare.attributes, 'resource.kubernetes.io/numaNode': { ints: [value.int] } },
    }
  })
  const gpuNode = publishRack({ ...rack, gpuNumaNodePublished: true }).slices

  test.for([
    { what: 'standard attribute', from: standardOnly },
    { what: 'list attribute', from: lists },
    { what: 'NUMA node of GPUs', from: gpuNode },
  ])('$what', ({ from }, { expect }) => {
    const template = numaTemplate(unaligned, rack.sku, { published: publicationOf(from) })
    expect(selections(template, from)).toEqual(selections(example('unaligned'), slices))
    expect(
      template.spec.spec.devices.requests.map((request) =>
        'exactly' in request ? request.exactly.selectors?.[0]?.cel.expression : undefined,
      ),
    ).toMatchSnapshot()
  })

  test('NICs that publish no NUMA node are selected by the PCI addresses of the profile', ({ expect }) => {
    const none = republish((device) => without(device, 'dra.net/numaNode', 'resource.kubernetes.io/numaNode'))
    const template = numaTemplate(unaligned, rack.sku, { published: publicationOf(none) })
    expect(selections(template, none)).toEqual(selections(example('unaligned'), slices))
  })

  test('a NIC that lacks the NUMA node of the others does not break the selector', ({ expect }) => {
    const one = republish((device) =>
      device.name === 'pci-0101-00-00-0'
        ? without(device, 'dra.net/numaNode', 'resource.kubernetes.io/numaNode')
        : device,
    )
    const template = numaTemplate(unaligned, rack.sku, { published: publicationOf(one) })
    expect(selections(template, one)).toEqual(selections(example('unaligned'), slices))
  })

  test('NICs with neither NUMA node nor a PCI address of the profile are refused before any claim', ({
    expect,
  }) => {
    const none = republish((device) => {
      const bare = without(
        device,
        'dra.net/numaNode',
        'resource.kubernetes.io/numaNode',
        'dra.net/pciAddress',
      )
      return { ...bare, name: bare.name.replace('pci-', 'nic-') }
    })
    expect(() => numaTemplate(aligned, rack.sku, { published: publicationOf(none) })).toThrow(
      expect.objectContaining({ code: 'SLICE_INVALID' }),
    )
  })

  test('partitions of GPUs are not selected', ({ expect }) => {
    const partition = (gpu: Device): Device => ({
      ...gpu,
      name: `${gpu.name}-mig-3g.40gb-9-0`,
      attributes: { ...gpu.attributes, type: { string: 'mig' } },
    })
    const mig = slices.map((slice) =>
      slice.spec.driver === 'gpu.nvidia.com'
        ? {
            ...slice,
            spec: {
              ...slice.spec,
              devices: (slice.spec.devices ?? []).flatMap((gpu) => [gpu, partition(gpu)]),
            },
          }
        : slice,
    )
    const template = numaTemplate(aligned, rack.sku, { published: publicationOf(mig) })
    expect(selections(template, mig)['gpu']).toEqual(selections(example('aligned'), slices)['gpu'])
  })
})

describe('a placement that makes no sense is refused', () => {
  test.for<[string, Placement, RegExp]>([
    [
      'aligned on two nodes',
      { ...unaligned, alignment: 'aligned' },
      /expected for GPUs of NUMA node 0 NICs of NUMA node 0, found NICs of NUMA node 1/,
    ],
    [
      'unaligned on one',
      { ...aligned, alignment: 'unaligned' },
      /expected for GPUs of NUMA node 0 NICs of NUMA node 1, found NICs of NUMA node 0/,
    ],
    [
      'more than there are',
      { ...aligned, gpus: { count: 5, numaNode: 0 } },
      /from 1 to 4 GPUs of NUMA node 0, found 5/,
    ],
    ['none', { ...aligned, nics: { count: 0, numaNode: 0 } }, /from 1 to 4 NICs of NUMA node 0, found 0/],
    [
      'no such node',
      { alignment: 'aligned', gpus: { count: 1, numaNode: 7 }, nics: { count: 1, numaNode: 7 } },
      /expected GPUs of a NUMA node that has some, found 1 of NUMA node 7/,
    ],
  ])('%s', ([, placement, message], { expect }) => {
    expect(() => numaTemplate(placement, rack.sku, { published })).toThrow(message)
  })
})
