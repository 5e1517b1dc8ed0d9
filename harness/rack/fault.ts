/**
 * The kinds of faults of a rack. Each names the node and device that it affects and changes packets, devices, published
 * attributes or logs, never a reported figure.
 */
import { z } from 'zod'
import { MOST_NUMA_NODE } from '../sku/sku.ts'
import { sizeSchema, timeSchema, percentSchema } from '../core/quantity-schema.ts'

const MOST_CLOCK_STEP_SECONDS = 86_400

const node = z.string()
const nic = z.string()
const fraction = z.number().gt(0).lt(1)
const share = percentSchema.refine((value) => value > 0 && value < 1, 'a share must be between 0 % and 100 %')
const onNic = { node, nic }

export const faultSchema = z.discriminatedUnion('kind', [
  // Rates, all the time
  /** One NIC at a fraction of its rate. */
  z.strictObject({ kind: z.literal('nic-slow'), ...onNic, fraction }),
  /** Every NIC of a node at a fraction of its rate. */
  z.strictObject({ kind: z.literal('nics-slow'), node, fraction }),
  /** A GPU reaches every NIC at a fraction of the NIC's rate. */
  z.strictObject({ kind: z.literal('gpu-path-slow'), node, gpu: z.string(), fraction }),
  /** The socket interconnect of every node has another factor than in the rack file. 1 is as fast as a local path. */
  z.strictObject({ kind: z.literal('interconnect'), factor: z.number().gt(0).max(1) }),
  /** Another run's pod uses this share of the NIC. Its bytes appear in the port counters. */
  z.strictObject({ kind: z.literal('contention'), ...onNic, share }),
  // Rates, over time: from the first byte of a pod on
  /** In this share of the pods the NIC has a fraction of its rate, in the others the full rate. */
  z.strictObject({ kind: z.literal('rate-bimodal'), ...onNic, fraction, share }),
  /** In every interval the rate is random, between a fraction and the full rate. */
  z.strictObject({ kind: z.literal('rate-jitter'), ...onNic, fraction, every: timeSchema }),
  /** The NIC pauses at the end of every interval. */
  z.strictObject({ kind: z.literal('stall'), ...onNic, every: timeSchema, lasting: timeSchema }),
  /** The NIC is slow at first. */
  z.strictObject({ kind: z.literal('slow-start'), ...onNic, fraction, lasting: timeSchema }),
  /** The NIC becomes slow. */
  z.strictObject({ kind: z.literal('throttle'), ...onNic, fraction, after: timeSchema }),
  /** The link goes down and comes back. */
  z.strictObject({ kind: z.literal('link-flap'), ...onNic, after: timeSchema, lasting: timeSchema }),
  // Packets
  /** This share of the NIC's packets is lost in both directions. */
  z.strictObject({ kind: z.literal('packet-loss'), ...onNic, share }),
  /** One byte in every `everyBytes` of a NIC is corrupted. */
  z.strictObject({ kind: z.literal('corrupt'), ...onNic, everyBytes: sizeSchema }),
  /** A NIC's link goes down permanently after `afterBytes` bytes of a pod. */
  z.strictObject({ kind: z.literal('link-cut'), ...onNic, afterBytes: sizeSchema }),
  /** Traffic of the node's pods to the fabric is sent over eth0. */
  z.strictObject({ kind: z.literal('tcp-fallback'), node }),
  /** Traffic of the NIC is sent over another claimed NIC. */
  z.strictObject({ kind: z.literal('rail-shared'), ...onNic, over: nic }),
  /** The NIC's MTU differs from the SKU's, and is published correctly. */
  z.strictObject({ kind: z.literal('mtu'), ...onNic, mtu: z.int().min(576).max(65_000) }),
  // Devices
  /** A NIC's character devices appear in every pod of the node, claimed or not. */
  z.strictObject({ kind: z.literal('device-leak'), ...onNic }),
  /** A NIC's character devices appear in no pod. */
  z.strictObject({ kind: z.literal('device-missing'), ...onNic }),
  /** A NIC's character devices exist but cannot be opened. */
  z.strictObject({ kind: z.literal('device-unopenable'), ...onNic }),
  // Topology
  /** A NIC is attached to another NUMA node than the SKU states and the driver publishes. */
  z.strictObject({ kind: z.literal('numa-moved'), ...onNic, numaNode: z.int().min(0).max(MOST_NUMA_NODE) }),
  /** A NIC is published with a wrong NUMA node. */
  z.strictObject({
    kind: z.literal('numa-misreport'),
    ...onNic,
    numaNode: z.int().min(0).max(MOST_NUMA_NODE),
  }),
  /** Two NICs are published under each other's names. */
  z.strictObject({ kind: z.literal('nics-swapped'), ...onNic, with: nic }),
  /** A NIC is published without RDMA. */
  z.strictObject({ kind: z.literal('rdma-misreport'), ...onNic }),
  /** This number of GPUs is published: the SKU's first ones, then unknown ones. */
  z.strictObject({ kind: z.literal('gpu-count'), node, count: z.int().min(0).max(64) }),
  // Drivers
  /** The first prepare of every claim on the node fails, as with DRANET's issue 342. */
  z.strictObject({ kind: z.literal('prepare-fails-once'), node }),
  /** The status of claims on the node is written late, or never if the pod ends first. */
  z.strictObject({ kind: z.literal('late-status'), node, by: timeSchema }),
  // Logs and what writes them
  /** Every line of the node's pods arrives twice. */
  z.strictObject({ kind: z.literal('log-double'), node }),
  /** The RESULT line of the node's pods arrives twice, everything else once. */
  z.strictObject({ kind: z.literal('result-duplicate'), node }),
  /** Every line of the node's pods arrives late. */
  z.strictObject({ kind: z.literal('log-late'), node, by: timeSchema }),
  /** The log of the node's pods is empty. */
  z.strictObject({ kind: z.literal('log-missing'), node }),
  /** The log of the node's pods ends in the middle of its longest line. */
  z.strictObject({ kind: z.literal('log-cut'), node }),
  /** A digit changes in every long line of the node's pods. */
  z.strictObject({ kind: z.literal('log-garbled'), node }),
  /** The node's receivers do not verify the data. `claimed` is whether they report that they did. */
  z.strictObject({ kind: z.literal('unverified'), node, claimed: z.boolean() }),
  /** The wall clock of the node steps during every transfer; negative: backwards. */
  z.strictObject({
    kind: z.literal('clock-step'),
    node,
    seconds: z.number().min(-MOST_CLOCK_STEP_SECONDS).max(MOST_CLOCK_STEP_SECONDS),
  }),
])

export type Fault = Readonly<z.infer<typeof faultSchema>>
export type FaultKind = Fault['kind']
export type FaultOf<Kind extends FaultKind> = Extract<Fault, { kind: Kind }>

/** Kind and place of a fault for messages: `nic-slow on node-a/mlx5_2`. */
export function describeFault(fault: Fault): string {
  if (!('node' in fault)) return `${fault.kind} on every node`
  if ('nic' in fault) return `${fault.kind} on ${fault.node}/${fault.nic}`
  return `${fault.kind} on ${'gpu' in fault ? `${fault.node}/${fault.gpu}` : fault.node}`
}
