/**
 * Evidence of `results.json`, as far as the page shows it. Fields that the page does not show may change without it;
 * evidence that does not match is named on the page and not drawn.
 */
import { z } from 'zod'
import type { FileReport } from '../run-report.ts'

const device = z.object({
  name: z.string(),
  node: z.string(),
  pciAddress: z.string().optional(),
  pcieRoot: z.string().optional(),
  numaNodes: z.array(z.int()).optional(),
  ifName: z.string().optional(),
  rdmaDevice: z.string().optional(),
})

const claim = z.object({ name: z.string(), node: z.string(), gpus: z.array(device), nics: z.array(device) })
const endpoint = z.object({ node: z.string(), allocated: claim })
const failure = z.object({ code: z.string(), message: z.string() })

const arm = z.object({
  bandwidth: z.number().describe('GB/s, in the units of the hardware'),
  latency: z
    .object({ mean: z.number(), min: z.number(), p50: z.number(), p95: z.number(), p99: z.number() })
    .describe('seconds'),
  streams: z.array(z.object({ device: z.string(), path: z.string(), bandwidth: z.number() })),
  transport: z.object({
    loads: z.array(
      z.object({
        nic: z.string(),
        direction: z.enum(['sent', 'received']),
        claimed: z.boolean(),
        bytes: z.number(),
        expected: z.number(),
      }),
    ),
    movedBytes: z.number(),
  }),
  outcome: z.object({
    result: z.object({
      backend: z.string(),
      samples_seconds: z.array(z.number()),
      verified_bytes: z.number(),
      corrupt: z.array(z.unknown()),
      library_versions: z.record(z.string(), z.string().nullable()),
    }),
    initiator: endpoint,
    target: endpoint,
  }),
})

const rounds = z.object({
  kind: z.literal('rounds'),
  plan: z.object({
    name: z.string(),
    op: z.string(),
    size: z.number(),
    iters: z.number(),
    warmupIters: z.number(),
  }),
  rounds: z.array(z.looseObject({ round: z.int() })),
  failure: failure.optional(),
})

/** Certificates of claimcheck 0.1.0 call what a container saw `sighting`. */
const seen = z
  .object({
    node: z.string(),
    container: z.string(),
    visible: z.unknown().optional(),
    sighting: z.unknown().optional(),
  })
  .transform(({ node, container, sighting, visible = sighting }) => ({ node, container, visible }))

const pods = z.object({
  kind: z.literal('pods'),
  claims: z.array(claim).optional(),
  seen: z.array(seen).optional(),
  failure: failure.optional(),
})

const published = z.object({
  kind: z.literal('published'),
  nodes: z.array(z.string()),
  slices: z.array(
    z.object({
      spec: z.object({
        driver: z.string(),
        nodeName: z.string().optional(),
        devices: z
          .array(
            z.object({
              name: z.string(),
              attributes: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
            }),
          )
          .optional(),
      }),
    }),
  ),
})

export type RecordedDevice = z.infer<typeof device>
export type RecordedArm = z.infer<typeof arm>
type RecordedPods = z.infer<typeof pods>
export type RecordedSlices = z.infer<typeof published>

interface RecordedRound {
  readonly round: number
  /** By name, in the order of the record. */
  readonly arms: ReadonlyMap<string, RecordedArm>
}

/** One comparison: the same transfers by each of its arms, round by round. */
export interface RecordedComparison {
  readonly file: string
  readonly name: string
  readonly op: string
  /** Bytes of a transfer. */
  readonly size: number
  readonly iters: number
  readonly warmupIters: number
  readonly arms: readonly string[]
  readonly rounds: readonly RecordedRound[]
  readonly failure?: { readonly code: string; readonly message: string } | undefined
}

export interface RecordedEvidence {
  readonly comparisons: readonly RecordedComparison[]
  readonly pods: readonly (RecordedPods & { readonly name: string })[]
  readonly published: readonly RecordedSlices[]
  /** Names of evidence in a form that this version cannot show. */
  readonly unknown: readonly string[]
}

export function recordedEvidence(file: string, report: FileReport): RecordedEvidence {
  const comparisons: RecordedComparison[] = []
  const podSets: (RecordedPods & { name: string })[] = []
  const slices: RecordedSlices[] = []
  const unknown: string[] = []
  for (const [name, value] of Object.entries(report.evidence)) {
    if (value === null || value === undefined) continue
    const found = z.union([rounds, pods, published]).safeParse(value)
    if (!found.success) unknown.push(name)
    else if (found.data.kind === 'pods') podSets.push({ name, ...found.data })
    else if (found.data.kind === 'published') slices.push(found.data)
    else comparisons.push(comparisonOf(file, name, found.data))
  }
  return { comparisons, pods: podSets, published: slices, unknown }
}

function comparisonOf(file: string, name: string, recorded: z.infer<typeof rounds>): RecordedComparison {
  const { op, size, iters, warmupIters } = recorded.plan
  const all = recorded.rounds.map(({ round, ...parts }) => ({
    round,
    arms: new Map(
      Object.entries(parts).flatMap(([name, part]) => {
        const parsed = arm.safeParse(part)
        return parsed.success ? [[name, parsed.data] as const] : []
      }),
    ),
  }))
  const arms = [...new Set(all.flatMap((one) => [...one.arms.keys()]))]
  return { file, name, op, size, iters, warmupIters, arms, rounds: all, failure: recorded.failure }
}
