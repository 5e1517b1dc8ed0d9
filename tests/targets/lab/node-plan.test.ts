/** The plan of a node agrees with what the emulated target computes for any pod on it. */
import { assert, property, subarray } from 'fast-check'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { gigabytesPerSecond } from '../../../harness/core/units.ts'
import type { Fault } from '../../../harness/rack/fault.ts'
import { loadRack, type Rack } from '../../../harness/rack/rack.ts'
import { infinibandDevices } from '../../../harness/emulation/char-devices.ts'
import { statedMtu } from '../../../harness/rack/link-model.ts'
import { planPod } from '../../../harness/emulation/pod-plan.ts'
import { publishRack } from '../../../harness/emulation/publish-rack.ts'
import { dranetDeviceName } from '../../../harness/vendors/dranet.ts'
import { tokenBucketFor } from '../../../harness/emulation/token-bucket.ts'
import { planNode, type NodePlan } from '../../../harness/targets/lab/node-plan.ts'

const rack = loadRack(resolve(import.meta.dirname, '../../../fixtures/racks/h100-2node.yaml'))
const withFaults = (...faults: Fault[]): Rack => ({ ...rack, faults })
const nicOf = (plan: NodePlan, index: number) => {
  const nic = plan.nics[index]
  if (nic === undefined) throw new Error(`no NIC ${index}`)
  return nic
}

test('slices are equal to those of the emulated target', () => {
  const { published } = planNode(rack, 'node-b')
  const slices = publishRack(rack).slices.filter(({ spec }) => spec.nodeName === 'node-b')
  expect(slices).toHaveLength(2)
  for (const { spec } of slices) expect(published[spec.driver]).toEqual(spec.devices)
})

test('rates, addresses and devices of any pod are equal to those of the emulated target', () => {
  const faulty = withFaults(
    { kind: 'nic-slow', node: 'node-a', nic: 'mlx5_2', fraction: 0.5 },
    { kind: 'gpu-path-slow', node: 'node-a', gpu: 'gpu-5', fraction: 0.8 },
    { kind: 'numa-moved', node: 'node-a', nic: 'mlx5_6', numaNode: 0 },
    { kind: 'device-leak', node: 'node-a', nic: 'mlx5_7' },
    { kind: 'device-missing', node: 'node-a', nic: 'mlx5_1' },
    { kind: 'device-unopenable', node: 'node-a', nic: 'mlx5_3' },
  )
  const plan = planNode(faulty, 'node-a')
  const { gpus, nics } = faulty.sku
  assert(
    property(subarray([...gpus]), subarray([...nics]), (claimedGpus, claimedNics) => {
      const allocated = [
        ...claimedGpus.map(({ name }) => ({ driver: 'gpu.nvidia.com', device: name })),
        ...claimedNics.map((nic) => ({ driver: 'dra.net', device: dranetDeviceName(nic) })),
      ].map((one) => ({ ...one, pool: 'node-a', request: 'any' }))
      const pod = planPod(
        faulty,
        { name: 'p', node: 'node-a', address: '10.244.0.1', containers: [] },
        allocated,
      )
      pod.nics.forEach((nic, index) => {
        const ours = plan.nics.find(({ device }) => device === dranetDeviceName(nic.nic))
        const gpu = pod.gpus.length === 0 ? '' : (pod.gpus[index % pod.gpus.length]?.name ?? '')
        const { rate_bits, burst_bytes } = tokenBucketFor(
          gigabytesPerSecond(nic.rate / faulty.scale),
          statedMtu(faulty.sku, nic.nic),
        )
        expect(ours).toMatchObject({ address: nic.address, mac: nic.mac, mtu: nic.mtu })
        expect(ours?.shapes[gpu]).toEqual({ rateBits: rate_bits, burstBytes: burst_bytes })
      })
      const lists = [
        plan.leaked,
        ...plan.nics
          .filter(({ device }) => allocated.some((one) => one.device === device))
          .map(({ devices }) => devices),
      ]
      const union = new Map(lists.flat().map((device) => [device.path, device]))
      const expected = infinibandDevices(faulty, 'node-a', claimedNics)
      expect([...union.values()].sort(byPath)).toEqual([...expected].sort(byPath))
    }),
    { seed: 1 },
  )
})

const byPath = (a: { path: string }, b: { path: string }): number => (a.path < b.path ? -1 : 1)

test('faults are part of the plan', () => {
  const plan = planNode(
    withFaults(
      { kind: 'tcp-fallback', node: 'node-a' },
      { kind: 'rail-shared', node: 'node-a', nic: 'mlx5_1', over: 'mlx5_0' },
      { kind: 'mtu', node: 'node-a', nic: 'mlx5_2', mtu: 1500 },
      { kind: 'link-cut', node: 'node-a', nic: 'mlx5_3', afterBytes: 2_000_000_000 as never },
      { kind: 'prepare-fails-once', node: 'node-a' },
      { kind: 'late-status', node: 'node-a', by: 2.5 as never },
    ),
    'node-a',
  )
  expect(plan).toMatchObject({ fallsBack: '10.64.0.0/13', prepareFailsOnce: true, statusAfterMillis: 2500 })
  expect(nicOf(plan, 1).leavesBy).toBe(nicOf(plan, 0).device)
  expect(nicOf(plan, 2).mtu).toBe(1500)
  expect(nicOf(plan, 3).cutAfterBytes).toBe(2_000_000_000 / rack.scale)
})

test('the plan of a node without faults has none of them', () => {
  const plan = planNode(rack, 'node-a')
  expect(Object.keys(plan)).not.toContain('fallsBack')
  expect(Object.keys(plan)).not.toContain('prepareFailsOnce')
  expect(plan.statusAfterMillis).toBe(0)
  expect(plan.leaked).toEqual([])
  for (const nic of plan.nics) {
    expect(Object.keys(nic)).not.toContain('leavesBy')
    expect(Object.keys(nic)).not.toContain('cutAfterBytes')
  }
})

test('the status is that of the real driver', () => {
  expect(nicOf(planNode(rack, 'node-b'), 0).status).toEqual({
    driver: 'dra.net',
    pool: 'node-b',
    device: 'pci-0101-00-00-0',
    conditions: [
      { type: 'Ready', status: 'True', reason: 'NetworkDeviceReady', message: '' },
      { type: 'NetworkReady', status: 'True', reason: 'NetworkReady', message: '' },
    ],
    networkData: { interfaceName: 'rdma0', ips: ['10.64.0.2/24'], hardwareAddress: '02:00:0a:40:00:02' },
  })
})

test('a NIC without an interface has no network data', () => {
  const [first, ...rest] = rack.sku.nics
  if (first === undefined) throw new Error('the SKU has NICs')
  const { ifName: _ifName, ...bare } = first
  const { status } = nicOf(planNode({ ...rack, sku: { ...rack.sku, nics: [bare, ...rest] } }, 'node-a'), 0)
  expect(status.conditions?.map(({ reason }) => reason)).toEqual(['RDMAOnlyDeviceReady'])
  expect(status.networkData).toBeUndefined()
})
