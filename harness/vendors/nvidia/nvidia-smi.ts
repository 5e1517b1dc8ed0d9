/**
 * Queries this machine's GPUs with nvidia-smi. Changes no setting. A missing driver, one that is too old, and a GPU that fell
 * off the bus are different errors.
 */
import { execa } from 'execa'
import { ClaimcheckError } from '../../core/errors.ts'
import { parseTopology, type GpuTopology } from './topology-matrix.ts'

const LIMIT_MS = 30_000
/** The first driver that runs programs of CUDA 12, which NIXL's wheel is built with. */
const LEAST_DRIVER = [525, 60, 13] as const
const FIELDS = [
  'index',
  'uuid',
  'name',
  'pci.bus_id',
  'memory.total',
  'memory.used',
  'driver_version',
  'compute_cap',
]
const APP_FIELDS = ['gpu_uuid', 'pid', 'process_name', 'used_memory']

export interface QueriedGpu {
  readonly index: number
  readonly uuid: string
  readonly productName: string
  /** As sysfs writes it: `0000:3b:00.0`. */
  readonly pciAddress: string
  readonly memoryMiB: number
  readonly usedMiB: number
  readonly driver: string
  readonly computeCapability: string
}

/** A process that holds memory of a GPU. */
export interface GpuUser {
  readonly uuid: string
  readonly pid: number
  readonly program: string
  /** Undefined where the driver does not say. */
  readonly usedMiB: number | undefined
}

/** Rejects with TARGET_UNAVAILABLE, naming what is missing or which GPU does not answer. */
export async function queryGpus(): Promise<readonly QueriedGpu[]> {
  const gpus = (await query('--query-gpu', FIELDS)).map(readGpu)
  if (gpus.length === 0)
    throw unavailable('has no NVIDIA GPU', { hint: 'See what lspci and dmesg say of it.' })
  const [{ driver }] = gpus as [QueriedGpu]
  if (isOlder(driver)) {
    throw unavailable('has an NVIDIA driver that is too old', {
      expected: `${LEAST_DRIVER.join('.')} or newer, for CUDA 12`,
      found: driver,
      hint: 'Install a newer driver.',
    })
  }
  return gpus
}

export async function queryUsers(): Promise<readonly GpuUser[]> {
  const rows = await query('--query-compute-apps', APP_FIELDS)
  return rows.map((row): GpuUser => {
    const [uuid = '', pid = '', program = '', used = ''] = row
    return { uuid, pid: Number(pid), program, usedMiB: /^\d+$/.test(used) ? Number(used) : undefined }
  })
}

export async function queryTopology(): Promise<GpuTopology> {
  return parseTopology(await ask(['topo', '-m']))
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
  const address = /^(?:0000)?([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])$/i.exec(busId)?.[1]?.toLowerCase()
  const whole = /^\d+$/
  const broken = row.find((field) => /^\[.*(error|lost|unknown|reset)/i.test(field))
  if (
    broken !== undefined ||
    address === undefined ||
    ![index, total, used].every((text) => whole.test(text))
  ) {
    throw unavailable(`has a GPU that does not answer: GPU ${index} at ${busId}`, {
      found: broken ?? row.join(', '),
      hint: 'It may have fallen off the bus: see dmesg for Xid 79, and reboot or replace it.',
    })
  }
  return {
    index: Number(index),
    uuid,
    productName,
    pciAddress: address,
    memoryMiB: Number(total),
    usedMiB: Number(used),
    driver,
    computeCapability: capability,
  }
}

async function query(what: string, fields: readonly string[]): Promise<readonly (readonly string[])[]> {
  const text = await ask([`${what}=${fields.join(',')}`, '--format=csv,noheader,nounits'])
  const rows = text.split('\n').filter((line) => line.trim() !== '')
  return rows.map((line) => {
    const cells = line.split(',').map((cell) => cell.trim())
    // A program's name may hold commas; nothing else does.
    const extra = cells.length - fields.length
    if (extra === 0) return cells
    if (extra < 0 || fields !== APP_FIELDS) throw refusal(line)
    return [...cells.slice(0, 2), cells.slice(2, 3 + extra).join(', '), ...cells.slice(3 + extra)]
  })
}

async function ask(args: readonly string[]): Promise<string> {
  const answer = await execa('nvidia-smi', args, {
    reject: false,
    timeout: LIMIT_MS,
    forceKillAfterDelay: 2000,
  })
  if (answer.exitCode === 0) return answer.stdout
  if (answer.code === 'ENOENT') {
    throw unavailable('has no NVIDIA driver', {
      expected: 'nvidia-smi on the PATH, which comes with the driver',
      found: 'none',
      hint: 'Install the driver, or choose another CLAIMCHECK_TARGET. AMD GPUs are not supported.',
    })
  }
  if (answer.timedOut)
    throw unavailable(`has an NVIDIA driver that does not answer nvidia-smi ${args.join(' ')}`, {
      found: `nothing within ${LIMIT_MS / 1000} s`,
      hint: 'See dmesg for Xid errors.',
    })
  throw refusal(`${answer.stdout}\n${answer.stderr}`.trim() || (answer.shortMessage ?? 'nothing'))
}

function refusal(said: string): ClaimcheckError {
  const lost = /Unable to determine the device handle for GPU\s*([0-9a-f:.]+)/i.exec(said)
  const found = said.replaceAll(/\s+/g, ' ').slice(0, 300)
  if (lost !== null)
    return unavailable(`has a GPU that does not answer: the one at ${lost[1]?.replace(/[:.]$/, '')}`, {
      found,
      hint: 'It may have fallen off the bus: see dmesg for Xid 79, and reboot or replace it.',
    })
  if (/couldn't communicate with the NVIDIA driver|Driver\/library version mismatch/i.test(said))
    return unavailable('has an NVIDIA driver that does not run', {
      found,
      hint: 'Load or reinstall it: see modprobe nvidia and dmesg.',
    })
  return unavailable('has an nvidia-smi with an answer that is not understood', { found })
}

const isOlder = (driver: string): boolean => {
  const version = driver.split('.').map(Number)
  const first = LEAST_DRIVER.findIndex((part, place) => (version[place] ?? 0) !== part)
  return first >= 0 && (version[first] ?? 0) < (LEAST_DRIVER[first] ?? 0)
}

function unavailable(
  problem: string,
  facts: { readonly expected?: string; readonly found?: string; readonly hint?: string },
): ClaimcheckError {
  return new ClaimcheckError('TARGET_UNAVAILABLE', { subject: 'this machine', problem, ...facts })
}
