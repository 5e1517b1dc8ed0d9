/**
 * Runs amd-smi, or rocm-smi where there is no amd-smi, and reads what sysfs does not state of a GPU: its product name and
 * identifier, the driver's version, and the processes that use it. Fields differ between releases of ROCm, and any of them can
 * be "N/A".
 */
import { execa } from 'execa'
import { z } from 'zod'
import { parseBoundedJson } from '../../core/bounded-json.ts'
import { unavailable } from '../unavailable.ts'

const LIMIT_MS = 30_000
/** In characters. */
const MOST_OUTPUT = 4 * 2 ** 20
const STATIC = ['static', '--asic', '--bus', '--driver', '--vram', '--json']
const PROCESSES = ['process', '--json']
const ROCM = [
  '--showproductname',
  '--showbus',
  '--showuniqueid',
  '--showdriverversion',
  '--showmeminfo',
  'vram',
  '--json',
]

const quantity = z.union([z.looseObject({ value: z.unknown(), unit: z.string() }), z.unknown()])
const staticSchema = z.array(
  z.looseObject({
    gpu: z.int(),
    asic: z
      .looseObject({
        market_name: z.string().optional(),
        asic_serial: z.string().optional(),
        target_graphics_version: z.string().optional(),
      })
      .optional(),
    bus: z.looseObject({ bdf: z.string() }),
    driver: z
      .looseObject({ version: z.string().optional(), driver_version: z.string().optional() })
      .optional(),
    vram: z.looseObject({ size: quantity.optional(), vram_size: quantity.optional() }).optional(),
  }),
)
const processSchema = z.array(
  z.looseObject({
    gpu: z.int(),
    process_list: z
      .array(
        z.looseObject({
          process_info: z.union([
            z.looseObject({
              name: z.string().optional(),
              pid: z.coerce.number().int(),
              memory_usage: z.looseObject({ vram_mem: quantity.optional() }).optional(),
            }),
            z.string(),
          ]),
        }),
      )
      .default([]),
  }),
)
const rocmSchema = z.record(z.string(), z.record(z.string(), z.unknown()))

/** Undefined: not stated. */
export interface AmdGpu {
  readonly index: number
  /** `0000:0c:00.0` */
  readonly pciAddress: string
  readonly productName: string | undefined
  readonly driver: string | undefined
  /** `gfx942` */
  readonly architecture: string | undefined
  /** 16 hexadecimal digits. */
  readonly uniqueId: string | undefined
  readonly memoryMiB: number | undefined
}

export interface AmdProcess {
  readonly gpu: number
  readonly pid: number
  readonly program: string
  readonly usedMiB: number | undefined
}

/** By PCI address. Rejects with TARGET_UNAVAILABLE where neither program is there or answers. */
export async function queryAmdGpus(): Promise<readonly AmdGpu[]> {
  const answer = await ask('amd-smi', STATIC)
  if (answer !== undefined) return staticGpus(parsed('amd-smi', staticSchema, listIn(answer)))
  const other = await ask('rocm-smi', ROCM)
  if (other !== undefined) return rocmGpus(parsed('rocm-smi', rocmSchema, other))
  throw unavailable('has AMD GPUs but no program that describes them', {
    expected: 'amd-smi or rocm-smi on the PATH, which come with ROCm',
    found: 'neither',
    hint: 'Install amd-smi, or choose another CLAIMCHECK_TARGET.',
  })
}

/** None where amd-smi is not there: rocm-smi does not say which GPU a process uses. */
export async function queryAmdProcesses(): Promise<readonly AmdProcess[]> {
  const answer = await ask('amd-smi', PROCESSES)
  if (answer === undefined) return []
  return parsed('amd-smi', processSchema, listIn(answer)).flatMap(({ gpu, process_list: processes }) =>
    processes.flatMap(({ process_info: info }): AmdProcess[] =>
      typeof info === 'string'
        ? []
        : [
            {
              gpu,
              pid: info.pid,
              program: info.name ?? 'unknown',
              usedMiB: mebibytes(info.memory_usage?.vram_mem),
            },
          ],
    ),
  )
}

const staticGpus = (all: z.infer<typeof staticSchema>): AmdGpu[] =>
  all.map(({ gpu, asic, bus, driver, vram }) => ({
    index: gpu,
    pciAddress: bus.bdf.toLowerCase(),
    productName: stated(asic?.market_name),
    driver: stated(driver?.version) ?? stated(driver?.driver_version),
    architecture: stated(asic?.target_graphics_version),
    uniqueId: uniqueIdOf(asic?.asic_serial),
    memoryMiB: mebibytes(vram?.size ?? vram?.vram_size),
  }))

/** `{"card0": {"PCI Bus": ...}, "system": {"Driver version": ...}}` */
function rocmGpus(all: z.infer<typeof rocmSchema>): AmdGpu[] {
  const driver = stated(all['system']?.['Driver version'])
  return Object.entries(all).flatMap(([name, card]): AmdGpu[] => {
    const index = /^card(\d+)$/.exec(name)?.[1]
    const bus = stated(card['PCI Bus'])
    if (index === undefined || bus === undefined) return []
    const bytes = Number(card['VRAM Total Memory (B)'])
    return [
      {
        index: Number(index),
        pciAddress: bus.toLowerCase(),
        productName:
          stated(card['Card Series']) ?? stated(card['Card series']) ?? stated(card['Device Name']),
        driver,
        architecture: stated(card['GFX Version']),
        uniqueId: uniqueIdOf(card['Unique ID']),
        memoryMiB: bytes > 0 ? Math.round(bytes / 2 ** 20) : undefined,
      },
    ]
  })
}

/** ROCm 7 wraps the list of GPUs in an object. */
const listIn = (answer: unknown): unknown =>
  typeof answer === 'object' && answer !== null && 'gpu_data' in answer ? answer.gpu_data : answer

const stated = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && !/^n\/?a$/i.test(value) ? value : undefined

const uniqueIdOf = (value: unknown): string | undefined => {
  const digits = /^0x([0-9a-f]+)$/i.exec(stated(value) ?? '')?.[1]
  return digits?.toLowerCase().padStart(16, '0')
}

/** `{"value": 196592, "unit": "MB"}`; amd-smi's MB are MiB. */
function mebibytes(size: unknown): number | undefined {
  if (typeof size !== 'object' || size === null || !('value' in size) || !('unit' in size)) return undefined
  const value = Number(size.value)
  if (!Number.isFinite(value)) return undefined
  const perMiB: Readonly<Record<string, number>> = { B: 2 ** 20, KB: 2 ** 10, MB: 1, GB: 2 ** -10 }
  const divisor = perMiB[String(size.unit)]
  return divisor === undefined ? undefined : Math.round(value / divisor)
}

/** Undefined where the program is not installed. */
async function ask(program: string, args: readonly string[]): Promise<unknown> {
  const answer = await execa(program, args, {
    reject: false,
    timeout: LIMIT_MS,
    forceKillAfterDelay: 2000,
    maxBuffer: MOST_OUTPUT,
  })
  if (answer.code === 'ENOENT') return undefined
  const said = `${answer.stdout}\n${answer.stderr}`.replaceAll(/\s+/g, ' ').trim().slice(0, 300)
  if (answer.exitCode !== 0)
    throw unavailable(`has an AMD driver that does not answer ${program} ${args.join(' ')}`, {
      found: answer.timedOut ? `nothing within ${LIMIT_MS / 1000} s` : said || 'nothing',
      hint: 'Load or reinstall the driver: see modprobe amdgpu and dmesg. The user needs the groups render and video.',
    })
  try {
    // Warnings can stand before the JSON.
    return parseBoundedJson(answer.stdout.slice(Math.max(0, answer.stdout.search(/^[[{]/m))))
  } catch (cause) {
    throw unavailable(`has a ${program} whose answer is not JSON`, { found: said || 'nothing', cause })
  }
}

function parsed<T>(program: string, schema: z.ZodType<T>, answer: unknown): T {
  const result = schema.safeParse(answer)
  if (result.success) return result.data
  throw unavailable(`has a ${program} whose answer cannot be parsed`, {
    found: JSON.stringify(answer).slice(0, 300),
    cause: result.error,
  })
}
