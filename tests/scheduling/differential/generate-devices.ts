/**
 * Generates the ResourceSlices of realistic random nodes: GPUs and NICs on one or two NUMA nodes, drivers of several
 * versions that publish more or fewer attributes, and pools in the middle of an update.
 */
import * as fc from 'fast-check'
import type { Device, ResourceSlice } from '../../../harness/dra/objects.ts'
import { onceIn } from './once-in.ts'
import type { Scope } from './test-case.ts'

export const GPU = 'gpu.nvidia.com'
export const NIC = 'dra.net'
const STANDARD = 'resource.kubernetes.io'

export const taintKey = fc.constantFrom('example.com/unhealthy', 'example.com/maintenance')
export const taintValue = fc.constantFrom('yes', 'no')
export const effect = fc.constantFrom('NoSchedule' as const, 'NoExecute' as const)

const taint = fc.record(
  {
    key: taintKey,
    value: taintValue,
    effect: fc.oneof(
      { weight: 4, arbitrary: effect },
      { weight: 1, arbitrary: fc.constant('None' as const) },
    ),
  },
  { requiredKeys: ['key', 'effect'] },
)
const taints = ({ theme }: Scope) =>
  onceIn(theme === 'taints' ? 2 : 30, fc.array(taint, { minLength: 1, maxLength: 2 }))

/** How the drivers of a node publish their devices. */
export const style = fc.record({
  numaNodes: fc.constantFrom(1, 2),
  gpuNuma: fc.constantFrom(true, true, false),
  nicNuma: fc.constantFrom('own', 'standard', 'both', 'both', 'list'),
  qualified: fc.boolean(),
  gpuSlices: fc.constantFrom(1, 1, 2),
})
type Made<A> = A extends fc.Arbitrary<infer T> ? T : never
type Style = Made<typeof style>

const gpuTraits = (scope: Scope) =>
  fc.record({
    memory: fc.constantFrom('80Gi', '141Gi'),
    driver: fc.constantFrom('550.54.14', '570.86.10'),
    taints: taints(scope),
  })
const nicTraits = (scope: Scope) =>
  fc.record({
    kind: fc.constantFrom('rdma', 'rdma', 'rdma', 'rdma', 'rdma', 'rdma', 'no-rdma', 'bridge'),
    numaHidden: onceIn(40, fc.constant(true)),
    mtu: fc.constantFrom(1500, 4200, 9000),
    firmware: fc.constantFrom('20.39.1002', '28.41.1000', '28.41.1000-rc.1'),
    taints: taints(scope),
  })

const pool = fc.record({
  generation: fc.constantFrom(1, 1, 1, 2),
  /** Slices of the previous generation that have not been deleted. */
  stale: onceIn(3, fc.constant(true)),
  missing: onceIn(25, fc.constant(true)),
})

const devicesOf = <T>(traits: fc.Arbitrary<T>) =>
  fc.oneof(
    { weight: 1, arbitrary: fc.array(traits, { maxLength: 3, size: 'max' }) },
    { weight: 3, arbitrary: fc.array(traits, { minLength: 4, maxLength: 8, size: 'max' }) },
  )

export const node = (scope: Scope) =>
  fc.record({
    gpus: devicesOf(gpuTraits(scope)),
    nics: devicesOf(nicTraits(scope)),
    /** Another style than that of the other nodes, as during the roll-out of a driver. */
    other: onceIn(5, style),
    gpuPool: pool,
    nicPool: pool,
  })

type Node = Made<ReturnType<typeof node>> & { readonly style: Style }

export function slicesOf(
  name: string,
  { style, gpus, nics, gpuPool, nicPool }: Node,
  lists: boolean,
): ResourceSlice[] {
  const gpuDevices = gpus.map((traits, index) => gpuDevice(traits, index, gpus.length, style))
  const half = style.gpuSlices === 1 ? gpuDevices.length : Math.ceil(gpuDevices.length / 2)
  const gpuParts = [gpuDevices.slice(0, half), gpuDevices.slice(half)].slice(0, style.gpuSlices)
  const nicDevices = nics.map((traits, index) => nicDevice(traits, index, nics.length, style, lists))
  return [
    ...poolSlices(name, GPU, gpuParts, gpuPool),
    // A driver without devices publishes no slice.
    ...(nics.length === 0 ? [] : poolSlices(name, NIC, [nicDevices], nicPool)),
  ]
}

function poolSlices(
  node: string,
  driver: string,
  parts: readonly (readonly Device[])[],
  { generation, stale, missing }: { generation: number; stale: true | null; missing: true | null },
): ResourceSlice[] {
  const slice = (part: string, of: number, count: number, devices: readonly Device[]): ResourceSlice => ({
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceSlice',
    metadata: { name: `${node}-${driver.split('.')[0] ?? driver}-${part}` },
    spec: {
      driver,
      pool: { name: node, generation: of, resourceSliceCount: count },
      nodeName: node,
      devices,
    },
  })
  const count = parts.length + (missing === true ? 1 : 0)
  const current = parts.map((devices, index) => slice(`${index}`, generation, count, devices))
  const gone = stale === true && generation > 1 ? [slice('old', generation - 1, 1, [{ name: 'gone' }])] : []
  return [...gone, ...current]
}

function gpuDevice(
  { memory, driver, taints }: Made<ReturnType<typeof gpuTraits>>,
  index: number,
  of: number,
  { numaNodes, gpuNuma, qualified }: Style,
): Device {
  const own = (id: string) => (qualified ? `${GPU}/${id}` : id)
  return {
    name: `gpu-${index}`,
    attributes: {
      [own('type')]: { string: 'gpu' },
      [own('driverVersion')]: { version: driver },
      [`${STANDARD}/pciBusID`]: { string: `000${index + 1}:00:00.0` },
      ...(gpuNuma ? { [`${STANDARD}/numaNode`]: { int: numaOf(index, of, numaNodes) } } : {}),
    },
    capacity: { memory: { value: memory } },
    ...(taints === null ? {} : { taints }),
  }
}

function nicDevice(
  { kind, numaHidden, mtu, firmware, taints }: Made<ReturnType<typeof nicTraits>>,
  index: number,
  of: number,
  { numaNodes, nicNuma, qualified }: Style,
  lists: boolean,
): Device {
  const own = (id: string) => (qualified ? `${NIC}/${id}` : id)
  const rdma = kind === 'rdma'
  const numa = numaOf(index, of, numaNodes)
  const list = lists && nicNuma !== 'own' && nicNuma !== 'standard'
  const attributes: Device['attributes'] = {
    [own('rdma')]: { bool: rdma },
    [own('virtual')]: { bool: kind === 'bridge' },
    [own('mtu')]: { int: mtu },
    ...(kind === 'bridge' ? {} : { [own('firmware')]: { version: firmware } }),
    ...(rdma ? { [own('rdmaDevice')]: { string: `mlx5_${index}` } } : {}),
    ...(kind === 'bridge' || numaHidden === true
      ? {}
      : {
          ...(nicNuma === 'standard' ? {} : { [own('numaNode')]: { int: numa } }),
          ...(nicNuma === 'own'
            ? {}
            : { [`${STANDARD}/numaNode`]: list ? { ints: [numa, numa + 2] } : { int: numa } }),
        }),
  }
  return {
    name: kind === 'bridge' ? `cni${index}` : `pci-010${index}-00-00-0`,
    attributes,
    ...(taints === null ? {} : { taints }),
  }
}

const numaOf = (index: number, of: number, nodes: number): number =>
  Math.floor((index * nodes) / Math.max(of, 1))

/** Devices that are available to every node, as in a network-attached pool. */
export function sharedSlices(count: number | null): ResourceSlice[] {
  if (count === null) return []
  const devices = Array.from({ length: count }, (_, index): Device => ({
    name: `shared-${index}`,
    attributes: { rdma: { bool: true }, mtu: { int: 4200 } },
  }))
  return [
    {
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceSlice',
      metadata: { name: 'shared' },
      spec: {
        driver: NIC,
        pool: { name: 'shared', generation: 1, resourceSliceCount: 1 },
        allNodes: true,
        devices,
      },
    },
  ]
}
