/**
 * A transfer computed from the rack's link model, in virtual time. Takes both pods' plans and the binary's options;
 * gives what the binary would print. The same links, faults and jitter as the process runtime, and no process.
 */
import { createHash } from 'node:crypto'
import { gigabytesPerSecond, type GBps } from '../../../core/units.ts'
import { random, type Random } from '../../../rack/random.ts'
import type { Rack } from '../../../rack/rack.ts'
import type { NicPlan, PodPlan } from '../pod-plan.ts'
import type { TransferOptions } from './options.ts'

/** What an iteration takes beyond its bytes: posting, completion, one round trip. */
const OVERHEAD_SECONDS = 30e-6
/** How much a single iteration scatters, against a whole transfer. */
const ITERATION_JITTER = 0.5

interface Path {
  readonly from: NicPlan | undefined
  readonly to: NicPlan | undefined
  /** Payload bytes a second. */
  readonly bytesPerSecond: number
}

/** The lines of the initiator's log. */
export function modelTransfer(
  rack: Rack,
  initiator: PodPlan,
  target: PodPlan,
  options: TransferOptions,
): string[] {
  const draw = random(rack.seed, `${initiator.name} ${target.name}`)
  const [sender, receiver] = options.op === 'WRITE' ? [initiator, target] : [target, initiator]
  const paths = options.devices.map((_, stream) =>
    pathOf(rack, sender, receiver, stream, options.devices.length, draw),
  )
  const moved = options.blockSize * options.devices.length * (options.warmupIters + options.iters + 1)
  const cut = paths.findIndex((path) =>
    [path.from, path.to].some(
      (nic) => (nic?.cutAfterBytes ?? Infinity) < (moved / paths.length) * rack.scale,
    ),
  )
  if (cut >= 0) return [linkDown(paths[cut], sender, receiver, cut)]

  const streamSamples = paths.map((path) =>
    Array.from(
      { length: options.iters },
      () => (options.blockSize / path.bytesPerSecond) * (1 + scatter(rack, draw)) + OVERHEAD_SECONDS,
    ),
  )
  const samples = Array.from({ length: options.iters }, (_, i) =>
    Math.max(...streamSamples.map((own) => own[i] ?? 0)),
  )
  const total = options.blockSize * options.devices.length
  const mean = average(samples)
  const corrupt = paths.flatMap((path, stream) =>
    [path.from, path.to].some((nic) => nic?.corruptEveryBytes !== undefined)
      ? [
          {
            stream,
            device: options.devices[stream],
            nic: nameIn(path.from),
            offset: 4096,
            expected_hex: '5a',
            found_hex: 'a5',
            bad_bytes: 1,
          },
        ]
      : [],
  )
  const json = JSON.stringify({
    schema: 'claimcheck.result/1',
    event: 'result',
    op: options.op,
    backend: 'model',
    requested_backend: 'UCX',
    device: options.devices.join(','),
    avg_GBps: total / mean / 1e9,
    avg_seconds: mean,
    min_seconds: Math.min(...samples),
    p50_seconds: percentile(samples, 50),
    p95_seconds: percentile(samples, 95),
    p99_seconds: percentile(samples, 99),
    total_bytes: total,
    block_size: options.blockSize,
    batch_size: 1,
    iters: options.iters,
    warmup_iters: options.warmupIters,
    samples_seconds: samples,
    streams: paths.map((path, stream) => {
      const own = streamSamples[stream] ?? []
      const [near, far] = options.op === 'WRITE' ? [path.from, path.to] : [path.to, path.from]
      const device = options.devices[stream]
      return {
        stream,
        device,
        nics: [nameIn(near)],
        target_device: device,
        target_nics: [nameIn(far)],
        transport: null,
        bytes: options.blockSize,
        avg_seconds: average(own),
        p50_seconds: percentile(own, 50),
        samples_seconds: own,
      }
    }),
    nics: counters(initiator, moved, sender === initiator, sender),
    target_nics: counters(target, moved, sender === target, sender),
    moved_bytes: moved,
    verified_bytes: total - corrupt.length,
    corrupt,
    first_seconds: samples[0],
    setup_seconds: OVERHEAD_SECONDS,
    library_versions: { model: 'claimcheck.link-model/1' },
    hostname: initiator.name,
    target_hostname: target.name,
    started_unix_ms: 0,
    finished_unix_ms: Math.round(mean * (options.iters + options.warmupIters) * 1000),
  })
  return [
    `RESULT ${json}`,
    `END ${JSON.stringify({ result_sha256: createHash('sha256').update(json).digest('hex') })}`,
  ]
}

function pathOf(
  rack: Rack,
  sender: PodPlan,
  receiver: PodPlan,
  stream: number,
  streams: number,
  draw: Random,
): Path {
  const from = sender.nics[stream % Math.max(sender.nics.length, 1)]
  const to = receiver.nics[stream % Math.max(receiver.nics.length, 1)]
  const share = Math.max(1, streams / Math.max(1, sender.nics.length))
  const ethernet = rack.links.podNetwork.rate / streams
  const rates: GBps[] = sender.fallsBack
    ? [gigabytesPerSecond(ethernet)]
    : [from?.rate ?? gigabytesPerSecond(ethernet)]
  if (to !== undefined) rates.push(to.rate)
  const jitter = 1 + rack.links.nic.jitter * draw.normal()
  return { from, to, bytesPerSecond: ((Math.min(...rates) * 1e9) / rack.scale / share) * jitter }
}

/** Interference only ever slows an iteration down. */
const scatter = (rack: Rack, draw: Random): number =>
  Math.abs(rack.links.nic.jitter * ITERATION_JITTER * draw.normal())

function linkDown(path: Path | undefined, sender: PodPlan, receiver: PodPlan, stream: number): string {
  const [pod, nic] = path?.from?.cutAfterBytes === undefined ? [receiver, path?.to] : [sender, path.from]
  const where = `${pod.node}/${nic?.nic.name ?? '?'}`
  return `ERROR ${JSON.stringify({ code: 'LINK_DOWN', message: `the link of ${where} went down during stream ${stream}`, subject: where, hint: 'Look at the cable, the transceiver and the switch port.' })}`
}

function counters(pod: PodPlan, moved: number, sends: boolean, sender: PodPlan) {
  const row = (name: string, role: 'claimed' | 'other', bytes: number) => ({
    name,
    kind: 'interface',
    role,
    tx_bytes_before: 0,
    tx_bytes_after: sends ? bytes : 0,
    rx_bytes_before: 0,
    rx_bytes_after: sends ? 0 : bytes,
  })
  const overNics = !(sends && sender.fallsBack)
  const share = overNics ? moved / Math.max(pod.nics.length, 1) : 0
  return [
    row('eth0', 'other', overNics ? 0 : moved),
    ...pod.nics.map((nic) => row(nameIn(nic), 'claimed', share)),
  ]
}

const nameIn = (nic: NicPlan | undefined): string => nic?.nic.ifName ?? nic?.nic.name ?? 'eth0'
const average = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const rank = ((sorted.length - 1) * p) / 100
  const [low, high] = [sorted[Math.floor(rank)] ?? 0, sorted[Math.ceil(rank)] ?? 0]
  return low + (high - low) * (rank - Math.floor(rank))
}
