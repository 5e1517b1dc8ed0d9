/**
 * Computes a transfer in virtual time from both pods' plans and the binary's options, with the lines that the binary would
 * print. It has the same links, faults and jitter as the process runtime.
 */
import { createHash, createHmac } from 'node:crypto'
import { faultOnNode } from '../../../rack/node-faults.ts'
import { seededRandom, type RandomSource } from '../../../rack/seeded-random.ts'
import type { Rack } from '../../../rack/rack.ts'
import type { NicPlan, PodPlan } from '../../../emulation/pod-plan.ts'
import type { TransferOptions } from './transfer-options.ts'
import {
  carrierOf,
  DESCRIPTOR_SECONDS,
  iterationSeconds,
  OVERHEAD_SECONDS,
  pathOf,
  type Path,
  type Rail,
} from './path-model.ts'

/** The start of every modelled transfer; a clock that steps back may be before it. */
const STARTED_UNIX_MS = 1_700_000_000_000

/** The lines of the initiator's log. */
export function modelTransfer(
  rack: Rack,
  initiator: PodPlan,
  target: PodPlan,
  options: TransferOptions,
  logKey?: string,
): string[] {
  const names = `${initiator.name} ${target.name}`
  const draw = seededRandom(rack.seed, names)
  const streams = streamsOf(rack, initiator, target, options, draw)
  const size = options.blockSize * options.batchSize
  const movedByStream = size * (options.warmupIters + options.iters + 1)
  for (const [stream, { path, sender, receiver }] of streams.entries()) {
    const carried = (movedByStream / path.length) * rack.scale
    const cut = path.find(({ from, to }) =>
      [from, to].some((nic) => (nic?.cutAfterBytes ?? Infinity) < carried),
    )
    if (cut !== undefined) return [linkDown(cut, sender, receiver, stream)]
  }

  const streamSamples: number[][] = streams.map(() => [])
  // One thread posts the descriptors of all streams.
  const posting = streams.length * (options.batchSize - 1) * DESCRIPTOR_SECONDS
  let now = 0
  for (let iteration = -options.warmupIters; iteration < options.iters; iteration++) {
    const taken = streams.map(({ path }) => iterationSeconds(rack, path, size, now, draw) + posting)
    if (iteration >= 0) taken.forEach((time, stream) => streamSamples[stream]?.push(time))
    now += Math.max(...taken)
  }
  const samples = Array.from({ length: options.iters }, (_, i) =>
    Math.max(...streamSamples.map((own) => own[i] ?? 0)),
  )
  const total = size * streams.length
  const mean = average(samples)
  const verification = seededRandom(rack.seed, `${names} verification`)
  const changed = streams.flatMap(({ path, device }, stream) =>
    path.flatMap(({ from, to }) =>
      [from, to].some((nic) => changesByte(nic, (size / path.length) * rack.scale, verification))
        ? {
            stream,
            device,
            nic: nameIn(from),
            offset: 4096,
            expected_hex: '5a',
            found_hex: 'a5',
            bad_bytes: 1,
          }
        : [],
    ),
  )
  const receiving = options.op === 'WRITE' ? target : initiator
  const unverified = faultOnNode(rack, 'unverified', receiving.node)
  const corrupt = unverified === undefined ? changed : []
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
    batch_size: options.batchSize,
    iters: options.iters,
    warmup_iters: options.warmupIters,
    samples_seconds: samples,
    streams: streams.map(({ path, device, op }, stream) => {
      const own = streamSamples[stream] ?? []
      const [near, far] = op === 'WRITE' ? (['from', 'to'] as const) : (['to', 'from'] as const)
      const nicsAt = (end: 'from' | 'to'): string[] => [...new Set(path.map((rail) => nameIn(rail[end])))]
      return {
        stream,
        device,
        ...(options.bothWays ? { op } : {}),
        nics: nicsAt(near),
        target_device: device,
        target_nics: nicsAt(far),
        transport: null,
        bytes: size,
        avg_seconds: average(own),
        p50_seconds: percentile(own, 50),
        samples_seconds: own,
      }
    }),
    nics: counters(initiator, streams, movedByStream),
    target_nics: counters(target, streams, movedByStream),
    moved_bytes: movedByStream * streams.length,
    verified_bytes: unverified?.claimed === false ? 0 : total - corrupt.length,
    corrupt,
    first_seconds: samples[0],
    setup_seconds: OVERHEAD_SECONDS,
    library_versions: { model: 'claimcheck.link-model/1' },
    hostname: initiator.name,
    target_hostname: target.name,
    started_unix_ms: STARTED_UNIX_MS,
    finished_unix_ms: STARTED_UNIX_MS + Math.round((now + clockStep(rack, initiator)) * 1000),
  })
  return [
    `RESULT ${json}`,
    `END ${JSON.stringify({
      result_sha256: createHash('sha256').update(json).digest('hex'),
      ...(logKey === undefined
        ? {}
        : { result_hmac_sha256: createHmac('sha256', logKey).update(json).digest('hex') }),
    })}`,
  ]
}

interface Stream {
  readonly device: string
  readonly op: TransferOptions['op']
  readonly sender: PodPlan
  readonly receiver: PodPlan
  readonly path: Path
}

/** One for each device; where bytes go both ways, followed by one for each the other way. NICs are full duplex. */
function streamsOf(
  rack: Rack,
  initiator: PodPlan,
  target: PodPlan,
  { op, devices, bothWays }: TransferOptions,
  draw: RandomSource,
): readonly Stream[] {
  const ops = [op, ...(bothWays ? ([op === 'WRITE' ? 'READ' : 'WRITE'] as const) : [])]
  return ops.flatMap((own) => {
    const [sender, receiver] = own === 'WRITE' ? [initiator, target] : [target, initiator]
    return devices.map((device, index) => {
      const path = pathOf(rack, sender, receiver, index, devices.length, draw)
      return { device, op: own, sender, receiver, path }
    })
  })
}

/** Whether a transfer of `size` bytes contains a corrupted byte. */
const changesByte = (nic: NicPlan | undefined, size: number, draw: RandomSource): boolean =>
  nic?.corruptEveryBytes !== undefined && draw.uniform() < size / nic.corruptEveryBytes

/** A step of the wall clock changes time stamps only, since durations are measured with the monotonic clock. */
const clockStep = (rack: Rack, { node }: PodPlan): number =>
  faultOnNode(rack, 'clock-step', node)?.seconds ?? 0

function linkDown({ from, to }: Rail, sender: PodPlan, receiver: PodPlan, stream: number): string {
  const [pod, nic] = from?.cutAfterBytes === undefined ? [receiver, to] : [sender, from]
  const where = `${pod.node}/${nic?.nic.name ?? '?'}`
  return `ERROR ${JSON.stringify({ code: 'LINK_DOWN', message: `the link of ${where} went down during stream ${stream}`, subject: where, hint: 'Look at the cable, the transceiver and the switch port.' })}`
}

/** The counters of each interface of a pod: the bytes of its streams and, on the port, those of other pods. */
function counters(pod: PodPlan, streams: readonly Stream[], movedByStream: number) {
  const [sent, received] = [
    streams.filter(({ sender }) => sender === pod),
    streams.filter(({ receiver }) => receiver === pod),
  ] as const
  const row = (name: string, role: 'claimed' | 'other', tx: number, rx: number) => ({
    name,
    kind: 'interface',
    role,
    tx_bytes_before: 0,
    tx_bytes_after: tx,
    rx_bytes_before: 0,
    rx_bytes_after: rx,
  })
  const away = pod.fallsBack
  const load = (nic: NicPlan, own: readonly Stream[], carries: (rail: Rail) => boolean): number => {
    const shares = own.map(({ path }) => path.filter(carries).length / path.length)
    const moved = shares.reduce((sum, share) => sum + share, 0) * movedByStream
    return Math.round(moved / (1 - (nic.contended ?? 0)))
  }
  const withoutNics = pod.nics.length === 0
  return [
    row(
      'eth0',
      'other',
      away || withoutNics ? sent.length * movedByStream : 0,
      withoutNics ? received.length * movedByStream : 0,
    ),
    ...pod.nics.map((nic) =>
      row(
        nameIn(nic),
        'claimed',
        away ? 0 : load(nic, sent, ({ from }) => from !== undefined && carrierOf(pod, from) === nic),
        load(nic, received, ({ to }) => to === nic),
      ),
    ),
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
