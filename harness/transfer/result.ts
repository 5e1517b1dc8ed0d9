/**
 * The RESULT line of the transfer binary: its schema, and checks that its figures agree with each other, so that a figure in a
 * wrong unit never becomes a verdict.
 */
import { z } from 'zod'
import { parseBoundedJson } from '../core/bounded-json.ts'
import { ClaimcheckError } from '../core/errors.ts'

const count = z.int().min(0)
const time = z.number().gt(0)

const nicCounters = z.strictObject({
  name: z.string(),
  kind: z.enum(['interface', 'rdma']),
  role: z.enum(['claimed', 'other']),
  /** Where the bytes were read; docs/transport.md describes each. */
  source: z
    .enum([
      'interface',
      'port-counters',
      'host-port-counters',
      'rdma-statistics',
      'ethtool-statistics',
      'performance-mad',
    ])
    .optional(),
  tx_bytes_before: count,
  tx_bytes_after: count,
  rx_bytes_before: count,
  rx_bytes_after: count,
})

/** A port of a claimed RDMA device. Null: the kernel does not state it, or the pod does not see it. */
const rdmaPort = z.strictObject({
  device: z.string(),
  link_layer: z.string().nullable(),
  /** `4: ACTIVE`. */
  state: z.string().nullable(),
  rate_gbps: z.number().nullable(),
  /** Bytes of payload in a packet: 256 to 4096. */
  rdma_mtu: count.nullable(),
  gid: z.string().nullable(),
  gid_index: count.nullable(),
  /** `RoCE v2`. */
  gid_type: z.string().nullable(),
  /** Counters of events before and after the transfers, by the driver's name. */
  counters: z.array(
    z.strictObject({
      name: z.string(),
      kind: z.enum(['retransmission', 'error', 'congestion']),
      before: count,
      after: count,
    }),
  ),
})

const stream = z.strictObject({
  stream: count,
  device: z.string(),
  /** Present where bytes went both ways: some streams have another operation than the transfer. */
  op: z.enum(['WRITE', 'READ']).exactOptional(),
  nics: z.array(z.string()),
  /** The buffer and NICs of the target. */
  target_device: z.string(),
  target_nics: z.array(z.string()),
  /** The transport that UCX chose; null when UCX did not report it. */
  transport: z.string().nullable(),
  /** Payload of one iteration. */
  bytes: count,
  avg_seconds: time,
  p50_seconds: time,
  samples_seconds: z.array(time),
})

const corruption = z.strictObject({
  stream: count,
  device: z.string(),
  nic: z.string(),
  offset: count,
  expected_hex: z.string(),
  found_hex: z.string(),
  bad_bytes: count,
})

export const resultSchema = z.strictObject({
  schema: z.literal('claimcheck.result/1'),
  event: z.literal('result'),
  op: z.enum(['WRITE', 'READ']),
  backend: z.string(),
  requested_backend: z.string(),
  device: z.string(),
  /** GB is 10^9 bytes. */
  avg_GBps: z.number().gt(0),
  avg_seconds: time,
  min_seconds: time,
  p50_seconds: time,
  p95_seconds: time,
  p99_seconds: time,
  /** Payload of one iteration over all streams. */
  total_bytes: z.int().min(1),
  block_size: z.int().min(1),
  batch_size: z.int().min(1),
  iters: z.int().min(1),
  warmup_iters: count,
  samples_seconds: z.array(time).min(1),
  streams: z.array(stream).min(1),
  nics: z.array(nicCounters),
  target_nics: z.array(nicCounters),
  /** Absent in results of version 0.1.0. */
  ports: z.array(rdmaPort).exactOptional(),
  target_ports: z.array(rdmaPort).exactOptional(),
  /** Payload that crossed between the two readings of the counters: warm-up, timed and verification. */
  moved_bytes: count,
  verified_bytes: count,
  corrupt: z.array(corruption),
  first_seconds: time,
  setup_seconds: time,
  library_versions: z.record(z.string(), z.string().nullable()),
  /** The variables of UCX that the pod was given. Absent in results of version 0.1.0. */
  ucx_settings: z.record(z.string(), z.string()).exactOptional(),
  hostname: z.string(),
  target_hostname: z.string(),
  started_unix_ms: count,
  finished_unix_ms: count,
})

export type TransferResult = Readonly<z.infer<typeof resultSchema>>
/** The streams of the transfer's own operation. Where bytes went both ways, they are followed by as many of the other. */
export const streamsOneWay = ({ op, streams }: Pick<TransferResult, 'op' | 'streams'>): number =>
  streams.filter((stream) => (stream.op ?? op) === op).length

export type NicCounters = Readonly<z.infer<typeof nicCounters>>
export type RdmaPort = Readonly<z.infer<typeof rdmaPort>>

const MOST_FAULTS = 10

/** Throws RESULT_INVALID, naming up to ten invalid fields. */
export function parseResult(json: string, subject: string): TransferResult {
  let value: unknown
  try {
    value = parseBoundedJson(json)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.slice(0, 200) : String(cause)
    throw invalid(subject, `is not acceptable JSON: ${reason}: ${json.slice(0, 120)}`, cause)
  }
  const bad = badSampleIn(value)
  if (bad !== undefined) throw invalid(subject, bad)
  const parsed = resultSchema.safeParse(value)
  if (!parsed.success) {
    const { issues } = parsed.error
    const faults = issues.slice(0, MOST_FAULTS).map(faultOf)
    if (issues.length > MOST_FAULTS) faults.push(`and ${issues.length - MOST_FAULTS} more`)
    throw invalid(subject, faults.join('; '))
  }
  const contradiction = contradictionIn(parsed.data)
  if (contradiction !== undefined) throw invalid(subject, contradiction)
  return parsed.data
}

const faultOf = ({ path, message }: z.core.$ZodIssue): string =>
  `${path.join('.').slice(0, 100) || 'RESULT'}: ${message.slice(0, 300)}`

/** Finds the first bad sample. The schema would make an issue of every single one, and there can be a million. */
function badSampleIn(value: unknown): string | undefined {
  const { samples_seconds: own, streams } = recordOf(value)
  const lists = [
    own,
    ...(Array.isArray(streams) ? streams : []).map((one) => recordOf(one)['samples_seconds']),
  ]
  for (const list of lists) {
    if (!Array.isArray(list)) continue
    const at = list.findIndex((sample) => typeof sample !== 'number' || !(sample > 0))
    if (at >= 0)
      return `samples_seconds.${at}: expected a number of seconds above 0, found ${JSON.stringify(list[at]).slice(0, 80)}`
  }
  return undefined
}

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {}

function contradictionIn(r: TransferResult): string | undefined {
  const rate = r.total_bytes / r.avg_seconds / 1e9
  const mean = average(r.samples_seconds)
  if (!near(rate, r.avg_GBps)) {
    return `avg_GBps is ${r.avg_GBps}, but total_bytes / avg_seconds is ${rate} GB/s (10^9 bytes): is it in another unit?`
  }
  if (!near(mean, r.avg_seconds))
    return `avg_seconds is ${r.avg_seconds}, but the samples' mean is ${mean}: is it in another unit?`
  if (r.samples_seconds.length !== r.iters)
    return `iters is ${r.iters}, but there are ${r.samples_seconds.length} samples`
  if (r.total_bytes !== r.block_size * r.batch_size * r.streams.length) {
    return `total_bytes is ${r.total_bytes}, but ${r.streams.length} streams of ${r.batch_size} x ${r.block_size} bytes are ${r.block_size * r.batch_size * r.streams.length}`
  }
  for (const [name, p] of Object.entries(PERCENTILES)) {
    const own = percentile(r.samples_seconds, p)
    if (!near(own, r[name as keyof typeof PERCENTILES]))
      return `${name} is ${r[name as keyof typeof PERCENTILES]}, but the samples give ${own}: is it in another unit?`
  }
  if (r.moved_bytes < r.total_bytes * r.iters)
    return `moved_bytes is ${r.moved_bytes}, but ${r.iters} iterations alone are ${r.total_bytes * r.iters}`
  return contradictionInStreams(r)
}

function contradictionInStreams(r: TransferResult): string | undefined {
  const payload = r.streams.reduce((sum, stream) => sum + stream.bytes, 0)
  if (payload !== r.total_bytes)
    return `total_bytes is ${r.total_bytes}, but the streams' bytes are ${payload}`
  for (const { stream, samples_seconds: samples, avg_seconds: mean, p50_seconds: p50 } of r.streams) {
    if (samples.length !== r.iters)
      return `iters is ${r.iters}, but stream ${stream} has ${samples.length} samples`
    if (!near(average(samples), mean))
      return `avg_seconds of stream ${stream} is ${mean}, but its samples' mean is ${average(samples)}`
    if (!near(percentile(samples, 50), p50))
      return `p50_seconds of stream ${stream} is ${p50}, but its samples give ${percentile(samples, 50)}`
  }
  return undefined
}

const PERCENTILES = { min_seconds: 0, p50_seconds: 50, p95_seconds: 95, p99_seconds: 99 } as const

const average = (samples: readonly number[]): number =>
  samples.reduce((sum, sample) => sum + sample, 0) / samples.length

/** By linear interpolation, rank (n-1)p/100. */
function percentile(samples: readonly number[], p: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  const rank = ((sorted.length - 1) * p) / 100
  const low = sorted[Math.floor(rank)] ?? Number.NaN
  const high = sorted[Math.ceil(rank)] ?? Number.NaN
  return low + (high - low) * (rank - Math.floor(rank))
}

const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 * Math.max(Math.abs(a), Math.abs(b))

function invalid(subject: string, found: string, cause?: unknown): ClaimcheckError {
  return new ClaimcheckError('RESULT_INVALID', {
    subject,
    problem: 'printed an invalid RESULT',
    found,
    hint: 'Check that the binary and claimcheck have the same version; run `npx claimcheck doctor`.',
    ...(cause === undefined ? {} : { cause }),
  })
}
