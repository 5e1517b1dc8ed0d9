/**
 * A SKU: what a kind of node is made of and what it should reach. Takes a profile file; gives a checked `Sku`.
 * Its NUMA map is the truth that published topology is held against. Never talks to a node.
 */
import { z } from 'zod'
import { percentSchema, rateSchema, timeSchema } from '../core/quantity-schema.ts'
import { readYamlFile } from '../core/yaml-file.ts'
import type { GBps, Seconds } from '../core/units.ts'

const pciAddress = z
  .string()
  .regex(
    /^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/,
    'expected a PCI address such as "0001:00:00.0", lower case',
  )
const numaNode = z.int().min(0)

const gpuSchema = z.strictObject({
  /** The device name the GPU driver publishes. */
  name: z.string().min(1),
  pciBusID: pciAddress,
  numaNode,
})

const nicSchema = z.strictObject({
  /** The RDMA device: `mlx5_0`. */
  name: z.string().min(1),
  pciAddress,
  /** The network interface; an InfiniBand-only NIC has none. */
  ifName: z.string().min(1).max(15).optional(),
  numaNode,
  /** N of /dev/infiniband/uverbsN and umadN. */
  charDevice: z.int().min(0),
})

/** A reference value with bounds as signed shares of it, and where it comes from. */
const boundsSchema = z
  .strictObject({ lower: percentSchema, upper: percentSchema })
  .refine(
    ({ lower, upper }) => lower <= 0 && upper >= 0,
    'lower must be 0 % or below and upper 0 % or above: they are distances from the value',
  )
  .refine(({ lower }) => lower > -1, 'lower must be above -100 %: nothing would lie below it')

const rateReference = z.strictObject({ value: rateSchema, bounds: boundsSchema })
const timeReference = z.strictObject({ value: timeSchema, bounds: boundsSchema })

const armReferenceSchema = z.strictObject({ bandwidth: rateReference, latency: timeReference })

const skuSchema = z
  .strictObject({
    schema: z.literal('claimcheck.sku/1'),
    name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
    description: z.string(),
    gpu: z.strictObject({ productName: z.string(), architecture: z.string(), memory: z.string() }),
    nic: z.strictObject({
      vendor: z.string(),
      model: z.string(),
      mtu: z.int().min(576).max(65535),
      rdma: z.boolean(),
    }),
    gpus: z.array(gpuSchema).min(1),
    nics: z.array(nicSchema).min(1),
    reference: z.strictObject({
      source: z.string(),
      aligned: armReferenceSchema,
      unaligned: armReferenceSchema,
      /** The most that p99 / p50 of a transfer may be. */
      stability: z.strictObject({ p99OverP50: z.number().min(1) }),
    }),
  })
  .superRefine((sku, context) => {
    unique(context, 'gpus', sku.gpus, (gpu) => gpu.name)
    unique(context, 'gpus', sku.gpus, (gpu) => gpu.pciBusID)
    unique(context, 'nics', sku.nics, (nic) => nic.name)
    unique(context, 'nics', sku.nics, (nic) => nic.pciAddress)
    unique(context, 'nics', sku.nics, (nic) => nic.ifName)
    unique(context, 'nics', sku.nics, (nic) => nic.charDevice)
  })

export type Sku = Readonly<z.infer<typeof skuSchema>>
export type SkuGpu = Readonly<z.infer<typeof gpuSchema>>
export type SkuNic = Readonly<z.infer<typeof nicSchema>>
export type ArmName = 'aligned' | 'unaligned'
export interface Reference<Quantity extends GBps | Seconds> {
  readonly value: Quantity
  readonly bounds: { readonly lower: number; readonly upper: number }
}

/** Throws FILE_UNREADABLE, or FILE_INVALID with line and column. */
export function loadSku(path: string): Sku {
  return readYamlFile(path, skuSchema)
}

export function numaNodesOf(sku: Sku): readonly number[] {
  return [...new Set([...sku.gpus, ...sku.nics].map((device) => device.numaNode))].sort((a, b) => a - b)
}

function unique<T>(
  context: z.RefinementCtx,
  key: string,
  items: readonly T[],
  of: (item: T) => string | number | undefined,
): void {
  const seen = new Map<string | number | undefined, number>()
  items.forEach((item, index) => {
    const value = of(item)
    const before = seen.get(value)
    if (value !== undefined && before !== undefined) {
      context.addIssue({
        code: 'custom',
        path: [key, index],
        message: `"${value}" stands twice, first at ${key}[${before}]`,
      })
    }
    seen.set(value, index)
  })
}
