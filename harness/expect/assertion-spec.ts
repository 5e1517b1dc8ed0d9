/**
 * An assertion of a suite with its limits, as data that `evaluate.ts` evaluates in a run or from a certificate. The zod
 * schema is published with the certificate.
 */
import { z } from 'zod'
import { DISTANCES } from '../claim/pcie-distance.ts'
import { armName } from './arm-name.ts'

const arm = armName
const distanceRequirement = z.enum(
  DISTANCES.flatMap((distance) => [distance, `${distance} or nearer`, `${distance} or farther`] as const),
)
const bounds = z.strictObject({ lower: z.number().max(0), upper: z.number().min(0) })

const time = z.strictObject({ value: z.number().gt(0).describe('seconds'), bounds })

const armAssertionSpec = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('outperform'),
    arm,
    other: arm,
    by: z.number().gt(0).describe('the least ratio'),
    in: z.literal('bandwidth'),
  }),
  z.strictObject({
    kind: z.literal('undercut'),
    arm,
    other: arm,
    by: z.string().describe('the least reduction: "20 %"'),
    in: z.enum(['mean latency', 'p50 latency']),
  }),
  z.strictObject({
    kind: z.literal('within'),
    arm,
    reference: z
      .strictObject({
        bandwidth: z.strictObject({ value: z.number().gt(0).describe('GB/s'), bounds }).exactOptional(),
        latency: time.exactOptional().describe('the mean'),
        p50Latency: time.exactOptional(),
      })
      .refine((figures) => Object.keys(figures).length > 0, 'expected at least one figure'),
  }),
  z.strictObject({
    kind: z.literal('stays-below'),
    arm,
    limit: z.string().describe('a time: "45 ms"'),
    in: z.enum(['p50 latency', 'p95 latency', 'p99 latency']),
    widest: z
      .number()
      .gt(0)
      .exactOptional()
      .describe('the widest interval that passes, as a share of its estimate; absent from older files: any'),
  }),
  z.strictObject({
    kind: z.literal('unstated'),
    arm,
    why: z.string().describe('why there is no reference to hold the arm against'),
    in: z.literal('p50 latency').exactOptional().describe('absent: bandwidth and mean latency'),
  }),
  z.strictObject({
    kind: z.literal('stable'),
    arm,
    p99OverP50: z.number().gt(0),
    usual: z.literal(true).exactOptional().describe('the SKU states no limit'),
  }),
  z.strictObject({ kind: z.literal('steady'), arm, within: z.string().describe('a share: "5 %"') }),
  z.strictObject({ kind: z.literal('even-paths'), arm, within: z.string().describe('a share: "3 %"') }),
  z.strictObject({ kind: z.literal('equal-shares'), arm }),
  z.strictObject({ kind: z.literal('intact'), arm }),
  z.strictObject({ kind: z.literal('no-retransmissions'), arm }),
])

const podAssertionSpec = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('pairs-at'), distance: distanceRequirement }),
  z.strictObject({ kind: z.literal('only-claimed-devices') }),
  z.strictObject({ kind: z.literal('no-unclaimed-devices') }),
  z.strictObject({ kind: z.literal('only-claimed-interfaces') }),
  z.strictObject({ kind: z.literal('device-metadata') }),
  z.strictObject({ kind: z.literal('claimed-gpus') }),
])

const publishedAssertionSpec = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('matches-sku'), sku: z.string() }),
  z.strictObject({ kind: z.literal('matches-kernel') }),
])

/** An assertion about arms of a comparison, pods of a claim, or published slices. */
const assertionSpecSchema = z.union([armAssertionSpec, podAssertionSpec, publishedAssertionSpec])

export type ArmAssertionSpec = Readonly<z.infer<typeof armAssertionSpec>>
export type PodAssertionSpec = Readonly<z.infer<typeof podAssertionSpec>>
export type PublishedAssertionSpec = Readonly<z.infer<typeof publishedAssertionSpec>>
export type AssertionSpec = ArmAssertionSpec | PodAssertionSpec | PublishedAssertionSpec

/** How to reproduce an expectation: the assertion, its evidence, and how much of the evidence each look used. */
export const replayInfoSchema = z.strictObject({
  ask: assertionSpecSchema,
  /** The index among the expectations of the assertion. */
  part: z.int().min(0),
  /** The name of the evidence in the test file's report. */
  on: z.string(),
  /** The number of rounds at each look, in order; empty when no rounds are involved. */
  seen: z.array(z.int().min(0)).readonly(),
  /** Whether the suite used `.not`. */
  not: z.boolean(),
})

export type ReplayInfo = Readonly<z.infer<typeof replayInfoSchema>>
