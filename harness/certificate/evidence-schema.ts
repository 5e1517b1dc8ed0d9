/**
 * The evidence in a certificate: only what was measured, and nothing computed from it. The schemas also check that every
 * RESULT is consistent in itself.
 */
import { z } from 'zod'
import type { ResourceSlice } from '../dra/objects.ts'
import type { AllocatedClaim } from '../claim/allocated-claim.ts'
import { ERROR_CATALOGUE, type ErrorCode } from '../core/errors.ts'
import type { Bytes, Seconds } from '../core/units.ts'
import { armName } from '../expect/arm-name.ts'
import { nodeTopologySchema } from '../transfer/node-topology.ts'
import { resultSchema } from '../transfer/result.ts'
import { visibleDevicesSchema } from '../transfer/visible-devices.ts'

const failure = z.strictObject({
  code: z.enum(Object.keys(ERROR_CATALOGUE) as ErrorCode[]),
  message: z.string(),
})

const published = {
  node: z.string(),
  driver: z.string(),
  pool: z.string(),
  name: z.string(),
  pciAddress: z.string().exactOptional(),
  numaNodes: z.array(z.int()).exactOptional(),
  pcieRoot: z.string().exactOptional(),
  request: z.string(),
}

// `exactOptional`, since JSON has no undefined.
const allocatedClaim = z.strictObject({
  name: z.string(),
  node: z.string(),
  gpus: z.array(z.strictObject({ kind: z.literal('gpu'), ...published })),
  nics: z.array(
    z.strictObject({
      kind: z.literal('nic'),
      ...published,
      rdma: z.boolean(),
      ifName: z.string().exactOptional(),
      rdmaDevice: z.string().exactOptional(),
      mtu: z.int().exactOptional(),
    }),
  ),
}) as unknown as z.ZodType<AllocatedClaim>

const seconds = z.number().min(0) as unknown as z.ZodType<Seconds>
const endpoint = z.strictObject({ node: z.string(), allocated: allocatedClaim })

const outcome = z.strictObject({
  result: resultSchema,
  initiator: endpoint,
  target: endpoint,
  phases: z.strictObject({ schedule: seconds, start: seconds, transfer: seconds, release: seconds }),
})

const devices = z.strictObject({ count: z.int().min(1), numaNode: z.int().min(0) })
const size = z.int().min(1) as unknown as z.ZodType<Bytes>
const op = z.enum(['WRITE', 'READ'])
const ofOneArm = {
  op: op.exactOptional(),
  size: size.exactOptional(),
  blockSize: size.exactOptional().describe('bytes of each descriptor; absent: a buffer is one'),
  bothWays: z.literal(true).exactOptional(),
}
const alignment = z.enum(['aligned', 'unaligned'])
const nodeArm = z.strictObject({
  arm: alignment.exactOptional().describe('`alignment` in certificates of claimcheck 0.1.0'),
  alignment: alignment.exactOptional(),
  memory: z.literal('host').exactOptional(),
  gpus: devices,
  nics: devices,
  transports: z.string().exactOptional(),
  ...ofOneArm,
})
const linkArm = z.strictObject({
  path: z.enum(['gpu-links', 'host-memory']),
  ...ofOneArm,
})

const transfer = {
  name: z.string(),
  op,
  iters: z.int().min(1),
  warmupIters: z.int().min(0),
  firstRounds: z.int().min(2),
}
/** Transfers between nodes. */
export const comparisonPlan = z.strictObject({
  ...transfer,
  arms: z.record(armName, nodeArm).describe('by name; op and size of an arm replace those of the plan'),
  size: size.describe('bytes over all GPUs of a pod'),
  nodes: z
    .strictObject({ initiator: z.string(), target: z.string() })
    .exactOptional()
    .describe('those of the first round, where a comparison has several pairs of nodes'),
})
/** Transfers between the GPUs of a node. */
export const linkPlan = z.strictObject({
  ...transfer,
  arms: z.union([
    z.record(armName, linkArm),
    z
      .array(z.enum(['linked', 'staged']))
      .min(1)
      .describe('in certificates of claimcheck 0.1.0'),
  ]),
  size: size.describe('bytes of a pair'),
  turn: z.int().min(0).describe('which GPUs are paired; 0: each with itself'),
  gpus: z.int().min(1).describe('those of the node'),
  node: z.string().exactOptional().describe('present where a comparison has several nodes'),
})

/** Beside its number the outcome of every arm, by name. The plan lists the arms; `roundsOf` checks that they are there. */
const round = z.object({ round: z.int().min(1) }).catchall(outcome)

const roundsSchema = z.strictObject({
  kind: z.literal('rounds'),
  plan: z.union([comparisonPlan, linkPlan]),
  rounds: z.array(round).describe('in the order in which they were measured, counted from 1'),
  failure: failure.exactOptional().describe('the error that ended the measurement'),
})

const container = { node: z.string(), container: z.string() }

const podsSchema = z.strictObject({
  kind: z.literal('pods'),
  claims: z.array(allocatedClaim).exactOptional(),
  seen: z
    .array(
      z.union([
        z.strictObject({ ...container, visible: visibleDevicesSchema }),
        z
          .strictObject({ ...container, sighting: visibleDevicesSchema })
          .describe('in certificates of claimcheck 0.1.0'),
      ]),
    )
    .exactOptional()
    .describe('the devices that each container saw'),
  failure: failure.exactOptional(),
})

const slice = z.looseObject({
  apiVersion: z.literal('resource.k8s.io/v1'),
  kind: z.literal('ResourceSlice'),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    driver: z.string(),
    pool: z.looseObject({ name: z.string(), generation: z.int(), resourceSliceCount: z.int() }),
    nodeName: z.string().exactOptional(),
    allNodes: z.boolean().exactOptional(),
    devices: z
      .array(
        z.looseObject({
          name: z.string(),
          attributes: z.record(z.string(), z.record(z.string(), z.unknown())).exactOptional(),
        }),
      )
      .exactOptional(),
  }),
}) as unknown as z.ZodType<ResourceSlice>

const publishedSchema = z.strictObject({
  kind: z.literal('published'),
  nodes: z.array(z.string()),
  slices: z.array(slice),
  kernels: z
    .array(
      z.strictObject({
        node: z.string(),
        topology: nodeTopologySchema.exactOptional(),
        failure: failure.exactOptional(),
      }),
    )
    .exactOptional()
    .describe('what the kernel of each node says of its devices'),
})

export const evidenceSchema = z.discriminatedUnion('kind', [roundsSchema, podsSchema, publishedSchema])

export type Outcome = z.infer<typeof outcome>

/** The outcomes of a round, by the names of the arms. */
export const outcomesIn = (one: z.infer<typeof round>): Readonly<Record<string, Outcome>> =>
  Object.fromEntries(
    Object.entries(one).flatMap(([name, arm]) => (typeof arm === 'number' ? [] : [[name, arm] as const])),
  )

export type Evidence = z.infer<typeof evidenceSchema>
export type Rounds = z.infer<typeof roundsSchema>
export type Pods = z.infer<typeof podsSchema>
