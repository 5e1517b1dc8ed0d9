/**
 * `npm run bench:gpu`: compares the transfer binary with ucx_perftest and PyTorch, from GPU to GPU of this machine. The
 * order of the programs alternates from round to round. Prints ratios and the share of the links' nominal rate, and
 * writes every sample to bench-gpu.json in the report folder. On a machine with one GPU, that GPU is both source and
 * destination, and the table says so.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { asClaimcheckError } from '../harness/core/errors.ts'
import { bytes, formatBytes, parseBytes } from '../harness/core/units.ts'
import { readSettings } from '../harness/core/variables.ts'
import { orderOf } from '../harness/measure/interleave.ts'
import { provideBinaries } from '../harness/native/build-binaries.ts'
import { findBundle } from '../harness/native/bundled.ts'
import { provideCudaRuntime } from '../harness/native/cuda-runtime.ts'
import { provideNixl } from '../harness/native/nixl.ts'
import { providePerftest } from '../harness/native/ucx-perftest.ts'
import { takeInventory } from '../harness/targets/host/inventory.ts'
import { runBinary } from './gpu/binary.ts'
import { median, type Job, type Timing } from './gpu/job.ts'
import { runPerftest } from './gpu/perftest.ts'
import { openTorch } from './gpu/torch.ts'

const SCHEMA = 'claimcheck.bench-gpu/1'
/** NVLink 4: one direction of one link. */
const GBPS_A_LINK = 25
const BLOCKS = 16

interface Measured {
  readonly job: Job
  readonly contender: string
  readonly round: number
  readonly timing?: Timing
  readonly error?: string
}

const command = new Command('bench:gpu')
  .option('--rounds <n>', 'rounds', Number, 3)
  .option('--sizes <list>', 'bytes of a transfer', '1 MiB,16 MiB,256 MiB,1 GiB,4 GiB')
  .option('--from <gpu>', 'CUDA number', Number, 0)
  .option('--to <gpu>', 'CUDA number', Number)
  .option('--iters <n>', 'timed transfers', Number, 100)
  .option('--warmup-iters <n>', 'transfers before them', Number, 20)
  .parse()
const options = command.opts<{
  rounds: number
  sizes: string
  from: number
  to?: number
  iters: number
  warmupIters: number
}>()
const say = (line: string): void => void process.stderr.write(`${line}\n`)

try {
  await bench()
} catch (error) {
  say(`claimcheck: ${asClaimcheckError(error).message}`)
  process.exitCode = 1
}

async function bench(): Promise<void> {
  const { cacheDir, reportDir } = readSettings(process.env)
  const inventory = await takeInventory()
  const { binaries, nixl, perftest } = findBundle() ?? (await provided(cacheDir))
  const torch = await openTorch()
  if (torch === undefined) say('no PyTorch here: the bench goes on without it')
  const { from, iters, warmupIters, rounds } = options
  const to = options.to ?? Math.min(1, inventory.gpus.length - 1)
  const sizes = options.sizes.split(',').map(parseBytes)
  const plain = { blocks: 1, both: false, from, to, iters, warmupIters }
  const jobs: Job[] = sizes.flatMap((size): Job[] => [
    { ...plain, op: 'WRITE', bytes: size },
    { ...plain, op: 'READ', bytes: size },
    { ...plain, op: 'WRITE', bytes: size, both: true },
    { ...plain, op: 'WRITE', bytes: size, blocks: BLOCKS },
  ])
  const contenders: Record<string, (job: Job) => Promise<Timing> | undefined> = {
    binary: (job) => runBinary(binaries.transfer, nixl.capi, job),
    perftest: (job) => (job.blocks > 1 ? undefined : runPerftest(perftest, job)),
    torch: (job) => (job.blocks > 1 ? undefined : torch?.run(job)),
  }
  const measured: Measured[] = []
  const startedAt = new Date().toISOString()
  for (let round = 0; round < rounds; round++)
    for (const job of jobs)
      for (const contender of orderOf(Object.keys(contenders), round)) {
        const run = contenders[contender]?.(job)
        if (run === undefined) continue
        const one = { job, contender, round }
        try {
          measured.push({ ...one, timing: await run })
        } catch (error) {
          const text = error instanceof Error ? error.message : String(error)
          measured.push({ ...one, error: text.slice(0, 500) })
          say(`${titleOf(job)}, ${contender}: ${text.split('\n')[0]}`)
        }
      }
  await torch?.close()
  const [gpu] = inventory.gpus
  const host = {
    gpu: gpu?.productName,
    gpus: inventory.gpus.length,
    driver: gpu?.driver,
    links: inventory.links ?? null,
    linkPairs: inventory.linkPairs,
    cpu: cpus()[0]?.model,
    cpus: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.versions.node,
    torch: torch?.version ?? null,
  }
  await mkdir(reportDir, { recursive: true })
  const file = join(reportDir, 'bench-gpu.json')
  const finishedAt = new Date().toISOString()
  await writeFile(
    file,
    `${JSON.stringify({ schema: SCHEMA, startedAt, finishedAt, options: { ...options, to }, host, measured })}\n`,
  )
  const same = from === to ? ', within one GPU: not a link, but its memory' : ''
  process.stdout.write(
    `${gpu?.productName} ${from} to ${to}${same}, driver ${gpu?.driver}, ${rounds} rounds\n`,
  )
  const limit = from === to || inventory.links === undefined ? undefined : inventory.links * GBPS_A_LINK
  for (const job of jobs) process.stdout.write(`${lineOf(job, measured, limit)}\n`)
  process.stdout.write(`${file}\n`)
}

async function provided(cacheDir: string) {
  const binaries = await provideBinaries(say)
  const nixl = await provideCudaRuntime(await provideNixl(cacheDir, say), cacheDir, say)
  return { binaries, nixl, perftest: await providePerftest(cacheDir, say) }
}

function titleOf({ op, bytes: size, both, blocks }: Job): string {
  return `${op} ${formatBytes(bytes(size))}${both ? ' both ways' : ''}${blocks > 1 ? ` in ${blocks} blocks` : ''}`
}

/** The median over all rounds of each round's p50, and the binary's rate divided by that of each other program. */
function lineOf(job: Job, measured: readonly Measured[], limitGBps: number | undefined): string {
  const p50Of = (contender: string): number =>
    median(
      measured
        .filter((one) => one.job === job && one.contender === contender)
        .flatMap(({ timing }) => timing?.p50Seconds ?? []),
    )
  const own = p50Of('binary')
  const rate = job.bytes / own / 1e9
  const cells = ['perftest', 'torch'].map((name) => {
    const other = p50Of(name)
    return Number.isNaN(other)
      ? `${name} -`
      : `${name} ${(job.bytes / other / 1e9).toFixed(2)} GB/s (${(other / own).toFixed(3)}x)`
  })
  const share =
    limitGBps === undefined ? [] : [`${((rate / limitGBps) * 100).toFixed(1)} % of ${limitGBps} GB/s`]
  return [
    `${titleOf(job)}: ${rate.toFixed(2)} GB/s, p50 ${(own * 1e6).toFixed(1)} µs`,
    ...cells,
    ...share,
  ].join(' | ')
}
