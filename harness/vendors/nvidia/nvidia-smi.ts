/**
 * Queries this machine's GPUs with nvidia-smi. Changes no setting. Every state in which a GPU or driver cannot be used is an
 * error of its own.
 */
import { ClaimcheckError } from '../../core/errors.ts'
import type { GpuUser } from '../gpu-discovery.ts'
import { sysfsPciAddress } from '../../core/pci-address.ts'
import { unavailable } from '../unavailable.ts'
import { askNvidiaSmi, notUnderstood, type Answer } from './ask-nvidia-smi.ts'
import { parseTopology, type GpuTopology } from './topology-matrix.ts'

/** The first driver that runs programs of CUDA 12, which NIXL's wheel is built with. */
const LEAST_DRIVER = [525, 60, 13] as const
const FIELDS = ['index', 'uuid', 'name', 'pci.bus_id', 'memory.total', 'memory.used', 'driver_version']
/** Drivers before 465 do not know it. */
const CAPABILITY = 'compute_cap'
const APP_FIELDS = ['gpu_uuid', 'pid', 'process_name', 'used_memory']
/** What nvidia-smi prints for a value that a GPU does not have, as memory on a GPU with unified memory. */
const NO_VALUE = /^\[?(N\/A|Not Supported|Not Available|Not Applicable)\]?$/i
const WHOLE = /^\d+$/

interface QueriedGpu {
  readonly index: number
  readonly uuid: string
  readonly productName: string
  /** As sysfs writes it: `0000:3b:00.0`. */
  readonly pciAddress: string
  /** Undefined where the GPU has no memory of its own. */
  readonly memoryMiB: number | undefined
  readonly usedMiB: number | undefined
  readonly driver: string
  /** Undefined where the driver does not report it, as for some virtual GPUs. */
  readonly computeCapability: string | undefined
}

export interface GpuQuery {
  readonly gpus: readonly QueriedGpu[]
  readonly warnings: readonly string[]
}

/** Rejects with TARGET_UNAVAILABLE, naming what is missing or which GPU cannot be used. */
export async function queryGpus(): Promise<GpuQuery> {
  const { lines, warnings } = await queryWithoutUnknownField()
  const gpus = lines.map((line) => readGpu(cellsOf(line, FIELDS.length + 1)))
  const [first] = gpus
  if (first === undefined)
    throw unavailable('has no NVIDIA GPU', { hint: 'See what lspci and dmesg say of it.' })
  refuseOldDriver(first.driver)
  for (const { pciAddress, index } of gpus) {
    const twin = gpus.find((other) => other.pciAddress === pciAddress && other.index !== index)
    if (twin !== undefined)
      throw unavailable(`has an nvidia-smi that lists ${pciAddress} twice`, {
        expected: 'every GPU at an address of its own',
        found: `GPU ${Math.min(index, twin.index)} and GPU ${Math.max(index, twin.index)}`,
      })
  }
  return { gpus, warnings }
}

export async function queryUsers(): Promise<readonly GpuUser[]> {
  const { lines } = await askNvidiaSmi(query('--query-compute-apps', APP_FIELDS))
  return lines.map((line): GpuUser => {
    // A program's name may contain commas.
    const all = line.split(',').map((cell) => cell.trim())
    if (all.length < APP_FIELDS.length) throw notUnderstood(line)
    const [uuid = '', pid = ''] = all
    const used = all.at(-1) ?? ''
    const program = all.slice(2, -1).join(', ')
    return { uuid, pid: Number(pid), program, usedMiB: WHOLE.test(used) ? Number(used) : undefined }
  })
}

export async function queryTopology(): Promise<GpuTopology> {
  return parseTopology((await askNvidiaSmi(['topo', '-m'])).lines.join('\n'))
}

/** Active links by GPU number. A GPU is missing where the driver says nothing of its links; the command is not in every driver. */
export async function queryActiveLinks(): Promise<ReadonlyMap<number, number>> {
  const { lines } = await askNvidiaSmi(['nvlink', '--status']).catch((error: unknown): Answer => {
    if (error instanceof ClaimcheckError) return { lines: [], warnings: [] }
    throw error
  })
  const active = new Map<number, number>()
  let gpu: number | undefined
  for (const line of lines) {
    const head = /^\s*GPU (\d+):/.exec(line)?.[1]
    if (head !== undefined) gpu = Number(head)
    const state = /^\s*Link \d+:\s*(.*)$/.exec(line)?.[1]
    if (gpu === undefined || state === undefined) continue
    active.set(gpu, (active.get(gpu) ?? 0) + (/GB\/s/.test(state) ? 1 : 0))
  }
  return active
}

const query = (what: string, fields: readonly string[]): string[] => [
  `${what}=${fields.join(',')}`,
  '--format=csv,noheader,nounits',
]

/** An old driver refuses the whole query for one field that it does not know; its version says whether it is new enough. */
async function queryWithoutUnknownField(): Promise<Answer> {
  try {
    return await askNvidiaSmi(query('--query-gpu', [...FIELDS, CAPABILITY]))
  } catch (error) {
    if (!(error instanceof Error && error.message.includes(`the field ${CAPABILITY}`))) throw error
    const { lines, warnings } = await askNvidiaSmi(query('--query-gpu', FIELDS))
    const withoutCapability = lines.filter((line) => cellsOf(line).length === FIELDS.length)
    if (withoutCapability.length < lines.length) throw error
    return { lines: lines.map((line) => `${line}, [N/A]`), warnings }
  }
}

function cellsOf(line: string, count?: number): string[] {
  const cells = line.split(',').map((cell) => cell.trim())
  if (count !== undefined && cells.length !== count) throw notUnderstood(line)
  return cells
}

function readGpu(row: readonly string[]): QueriedGpu {
  const [
    index = '',
    uuid = '',
    productName = '',
    busId = '',
    total = '',
    used = '',
    driver = '',
    capability = '',
  ] = row
  const pciAddress = sysfsPciAddress(busId)
  refuseUnusable(row, `GPU ${index} at ${pciAddress}`)
  if (!WHOLE.test(index) || !/^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/.test(pciAddress))
    throw notUnderstood(row.join(', '))
  return {
    index: Number(index),
    uuid,
    productName,
    pciAddress,
    memoryMiB: mebibytes(total, row),
    usedMiB: mebibytes(used, row),
    driver,
    computeCapability: NO_VALUE.test(capability) ? undefined : capability,
  }
}

/** nvidia-smi prints in brackets why a GPU has no value in a field. */
function refuseUnusable(row: readonly string[], gpu: string): void {
  const found = row.find((cell) => /^(\[.*\]|ERR!)$/.test(cell) && !NO_VALUE.test(cell))
  if (found === undefined) return
  if (/permission/i.test(found))
    throw unavailable(`has a GPU that this user cannot query: ${gpu}`, {
      found,
      hint: `Look with nvidia-smi -q -i ${row[0]}: where MIG is enabled, claimcheck has no whole GPU to test, so disable it; otherwise run with the rights to query the GPU.`,
    })
  if (/reset/i.test(found))
    throw unavailable(`has a GPU that requires a reset: ${gpu}`, {
      found,
      hint: `End the programs that use it and run nvidia-smi --gpu-reset -i ${row[0]}, or reboot.`,
    })
  throw unavailable(`has a GPU that does not answer: ${gpu}`, {
    found,
    hint: 'It may have fallen off the bus: see dmesg for Xid 79, and reboot or replace it.',
  })
}

function mebibytes(cell: string, row: readonly string[]): number | undefined {
  if (NO_VALUE.test(cell)) return undefined
  if (!WHOLE.test(cell)) throw notUnderstood(row.join(', '))
  return Number(cell)
}

function refuseOldDriver(driver: string): void {
  const version = driver.split('.').map(Number)
  const first = LEAST_DRIVER.findIndex((part, place) => (version[place] ?? 0) !== part)
  if (first < 0 || !((version[first] ?? 0) < (LEAST_DRIVER[first] ?? 0))) return
  throw unavailable('has an NVIDIA driver that is too old', {
    expected: `${LEAST_DRIVER.join('.')} or newer, for CUDA 12`,
    found: driver,
    hint: 'Install a newer driver.',
  })
}
