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
import { carrierOf, iterationSeconds, OVERHEAD_SECONDS, pathOf, type Path, type Rail } from './path-model.ts'

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
  const [sender, receiver] = options.op === 'WRITE' ? [initiator, target] : [target, initiator]
  const paths = options.devices.map((_, stream) =>
    pathOf(rack, sender, receiver, stream, options.devices.length, draw),
  )
  const moved = options.blockSize * options.devices.length * (options.warmupIters + options.iters + 1)
  for (const [stream, path] of paths.entries()) {
    const carried = (moved / paths.length / path.length) * rack.scale
    const cut = path.find(({ from, to }) =>
      [from, to].some((nic) => (nic?.cutAfterBytes ?? Infinity) < carried),
    )
    if (cut !== undefined) return [linkDown(cut, sender, receiver, stream)]
  }

  const streamSamples: number[][] = paths.map(() => [])
  let now = 0
  for (let iteration = -options.warmupIters; iteration < options.iters; iteration++) {
    const taken = paths.map((path) => iterationSeconds(rack, path, options.blockSize, now, draw))
    if (iteration >= 0) taken.forEach((time, stream) => streamSamples[stream]?.push(time))
    now += Math.max(...taken)
  }
  const samples = Array.from({ length: options.iters }, (_, i) =>
    Math.max(...streamSamples.map((own) => own[i] ?? 0)),
  )
  const total = options.blockSize * options.devices.length
  const mean = average(samples)
  const verification = seededRandom(rack.seed, `${names} verification`)
  const changed = paths.flatMap((path, stream) =>
    path.flatMap(({ from, to }) =>
      [from, to].some((nic) => changesByte(nic, (options.blockSize / path.length) * rack.scale, verification))
        ? {
            stream,
            device: options.devices[stream],
            nic: nameIn(from),
            offset: 4096,
            expected_hex: '5a',
            found_hex: 'a5',
            bad_bytes: 1,
          }
        : [],
    ),
  )
  const unverified = faultOnNode(rack, 'unverified', receiver.node)
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
    batch_size: 1,
    iters: options.iters,
    warmup_iters: options.warmupIters,
    samples_seconds: samples,
    streams: paths.map((path, stream) => {
      const own = streamSamples[stream] ?? []
      const [near, far] = options.op === 'WRITE' ? (['from', 'to'] as const) : (['to', 'from'] as const)
      const nicsAt = (end: 'from' | 'to'): string[] => [...new Set(path.map((rail) => nameIn(rail[end])))]
      const device = options.devices[stream]
      return {
        stream,
        device,
        nics: nicsAt(near),
        target_device: device,
        target_nics: nicsAt(far),
        transport: null,
        bytes: options.blockSize,
        avg_seconds: average(own),
        p50_seconds: percentile(own, 50),
        samples_seconds: own,
      }
    }),
    nics: counters(initiator, paths, moved, sender === initiator),
    target_nics: counters(target, paths, moved, sender === target),
    moved_bytes: moved,
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
function counters(pod: PodPlan, paths: readonly Path[], moved: number, sends: boolean) {
  const row = (name: string, role: 'claimed' | 'other', bytes: number) => ({
    name,
    kind: 'interface',
    role,
    tx_bytes_before: 0,
    tx_bytes_after: sends ? bytes : 0,
    rx_bytes_before: 0,
    rx_bytes_after: sends ? 0 : bytes,
  })
  const away = sends && pod.fallsBack
  const carries = (nic: NicPlan, rail: Rail): boolean => {
    const own = sends ? rail.from : rail.to
    return own !== undefined && (sends ? carrierOf(pod, own) : own) === nic
  }
  /** The share of the path's bytes. */
  const shareOf = (nic: NicPlan, path: Path): number =>
    path.filter((rail) => carries(nic, rail)).length / path.length
  const load = (nic: NicPlan): number =>
    (paths.reduce((sum, path) => sum + shareOf(nic, path), 0) * moved) /
    paths.length /
    (1 - (nic.contended ?? 0))
  return [
    row('eth0', 'other', away || pod.nics.length === 0 ? moved : 0),
    ...pod.nics.map((nic) => row(nameIn(nic), 'claimed', away ? 0 : Math.round(load(nic)))),
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
