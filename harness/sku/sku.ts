/**
 * A SKU: the devices of a kind of node and the figures that it should reach, read from a profile file. The published
 * topology is compared with the NUMA nodes of the profile.
 */
import { z } from 'zod'
import { deviceName, dnsLabel, interfaceName } from '../core/name-schema.ts'
import {
  percentSchema,
  quantityValueSchema,
  rateSchema,
  sizeSchema,
  timeSchema,
} from '../core/quantity-schema.ts'
import { readTextFile } from '../core/input-file.ts'
import { parseYaml } from '../core/yaml-file.ts'
import type { Bytes, Fraction, GBps, Seconds } from '../core/units.ts'
import { referenceSchemaWith, type Quantities } from './reference.ts'
import { refuseUnfinished } from './unfinished.ts'

const pciAddress = z
  .string()
  .regex(
    /^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/,
    'expected a PCI address such as "0001:00:00.0", lower case',
  )
/** The most NUMA nodes that Linux can be built for are 1024. */
export const MOST_NUMA_NODE = 1023
const MOST_DEVICES = 128
const MOST_LINKS = 1024
const MOST_BRIDGES = 32
/** The highest minor number of a character device. */
const MOST_MINOR = 2 ** 20 - 1

const numaNode = z.int().min(0).max(MOST_NUMA_NODE)
/** From the host bridge over the PCI bridges above the device: `[pci0000:64, "0000:64:00.0"]`. */
const pciePath = z
  .array(z.string().regex(/^(pci[0-9a-f]{4,8}:[0-9a-f]{2}|[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7])$/))
  .min(1)
  .max(MOST_BRIDGES)
  .exactOptional()

const gpuSchema = z.strictObject({
  /** The device name that the GPU driver publishes. */
  name: deviceName,
  pciBusID: pciAddress,
  /** The NUMA node of the CPUs close to the GPU, never the node of the GPU's own memory. */
  numaNode,
  /** The NUMA node of the GPU's memory, if it has one without CPUs, as on Grace. Drivers may publish this node. */
  memoryNumaNode: numaNode.exactOptional(),
  pciePath,
})

const nicSchema = z.strictObject({
  /** The RDMA device: `mlx5_0`. */
  name: deviceName,
  pciAddress,
  /** The network interface. An InfiniBand-only NIC has none. */
  ifName: interfaceName.optional(),
  numaNode,
  pciePath,
  /** In bytes; absent: the MTU of `nic`. */
  mtu: z.int().min(576).max(65535).exactOptional(),
  /** N of /dev/infiniband/uverbsN in an emulated rack; on hardware it is read from the node. */
  charDevice: z.int().min(0).max(MOST_MINOR).exactOptional(),
})

const gpuKind = z.strictObject({
  productName: z.string(),
  /** Absent: derived from the product name. */
  vendor: z.enum(['nvidia', 'amd']).exactOptional(),
  /** The DeviceClass of claims; absent: found by the driver. */
  deviceClass: z.string().min(1).exactOptional(),
  architecture: z.string(),
  memory: z.string(),
  /**
   * The number of active links of each GPU, whatever they connect to: 18 if each of three peers is connected by 6,
   * and 18 if a switch connects all GPUs.
   */
  links: z.int().min(0).max(MOST_LINKS).exactOptional(),
  /** Where links connect GPUs directly, without a switch: the linked pairs by GPU name. A pair not listed has no link. */
  linkPairs: z
    .array(
      z.strictObject({
        between: z.tuple([z.string().min(1), z.string().min(1)]),
        links: z.int().min(1).max(MOST_LINKS),
      }),
    )
    .min(1)
    .max(MOST_DEVICES * MOST_DEVICES)
    .exactOptional(),
})
/** Of nodes without GPUs: transfers use host memory. */
const NO_GPU: z.infer<typeof gpuKind> = { productName: 'none', architecture: 'none', memory: 'none' }

const nicKind = z.strictObject({
  vendor: z.string(),
  model: z.string(),
  /** In bytes; absent: the NICs have no interface that states it, and none is compared. */
  mtu: z.int().min(576).max(65535).exactOptional(),
  rdma: z.boolean(),
  /** Kinds of character device that a NIC has in an emulated rack; absent: uverbs and umad. On hardware the node is asked. */
  charDevices: z
    .array(z.enum(['uverbs', 'umad']))
    .min(1)
    .exactOptional(),
  /** The DeviceClass of claims; absent: found by the driver. */
  deviceClass: z.string().min(1).exactOptional(),
  /** A CEL expression over `device` that is true for the RDMA NICs under test; absent: all of them. */
  underTest: z.string().min(1).exactOptional(),
})
const NO_NIC: z.infer<typeof nicKind> = { vendor: 'none', model: 'none', rdma: false }

const skuSchemaWith = (quantities: Quantities) => {
  return z
    .strictObject({
      schema: z.literal('claimcheck.sku/1'),
      name: dnsLabel('a SKU name'),
      description: z.string(),
      /** Absent if the node has no GPU. */
      gpu: gpuKind.default(NO_GPU),
      /** Absent if no NIC of the node is under test. */
      nic: nicKind.default(NO_NIC),
      /** The NUMA nodes of each socket, if a socket has several: `[[0, 1, 2, 3], [4, 5, 6, 7]]`. */
      sockets: z
        .array(
          z
            .array(numaNode)
            .min(1)
            .max(MOST_NUMA_NODE + 1),
        )
        .max(MOST_NUMA_NODE + 1)
        .exactOptional(),
      gpus: z.array(gpuSchema).max(MOST_DEVICES),
      nics: z.array(nicSchema).max(MOST_DEVICES),
      reference: referenceSchemaWith(quantities),
    })
    .superRefine((sku, context) => {
      if (sku.nics.length > 0 && sku.nic === NO_NIC)
        context.addIssue({ code: 'custom', path: ['nic'], message: 'is required where nics are listed' })
      if (sku.gpus.length > 0 && sku.gpu === NO_GPU)
        context.addIssue({ code: 'custom', path: ['gpu'], message: 'is required where gpus are listed' })
      if (sku.gpus.length === 0 && sku.nics.length === 0)
        context.addIssue({ code: 'custom', path: ['gpus'], message: 'a node under test has GPUs or NICs' })
      checkLinkPairs(context, sku)
      unique(context, 'gpus', sku.gpus, (gpu) => gpu.name)
      unique(context, 'gpus', sku.gpus, (gpu) => gpu.pciBusID)
      unique(context, 'nics', sku.nics, (nic) => nic.name)
      unique(context, 'nics', sku.nics, (nic) => nic.pciAddress)
      unique(context, 'nics', sku.nics, (nic) => nic.ifName)
      unique(context, 'nics', sku.nics, (nic) => nic.charDevice)
    })
}

const skuSchema = skuSchemaWith({
  rate: rateSchema,
  time: timeSchema,
  size: sizeSchema,
  percent: percentSchema,
})

/** A parsed SKU, as recorded in reports: rates in GB/s, times in seconds, shares as fractions. */
export const skuValueSchema = skuSchemaWith({
  rate: quantityValueSchema<GBps>(z.number().gt(0)),
  time: quantityValueSchema<Seconds>(z.number().gt(0)),
  size: quantityValueSchema<Bytes>(z.int().min(1)),
  percent: quantityValueSchema<Fraction>(z.number()),
})

/** An interface, so that declarations name it instead of repeating its fields. */
export interface Sku extends Readonly<z.infer<typeof skuSchema>> {}
export type SkuGpu = Readonly<z.infer<typeof gpuSchema>>
export type SkuNic = Readonly<z.infer<typeof nicSchema>>
/** Whether NICs are as near to the GPUs as the SKU allows, or farther away. */
export type Alignment = 'aligned' | 'unaligned'

/** The references that transfers between nodes are compared with. */
type NumaReference = Required<Pick<Sku['reference'], Alignment | 'stability'>>
export type NumaSku = Sku & { readonly reference: NumaReference }

export const hasNumaReference = (sku: Sku): sku is NumaSku =>
  sku.reference.aligned !== undefined &&
  sku.reference.unaligned !== undefined &&
  sku.reference.stability !== undefined

/** Throws FILE_UNREADABLE, or FILE_INVALID with line and column, also where values are still to be filled in. */
export const loadSku = (path: string): Sku => parseSku(readTextFile(path), path)

/** As `loadSku`; `path` is used in messages only. */
export function parseSku(text: string, path: string): Sku {
  refuseUnfinished(text, path)
  return parseYaml(text, path, skuSchema)
}

/** Active links that a GPU must have; undefined where the SKU states none. */
export const linksOfGpu = ({ gpu }: Pick<Sku, 'gpu'>, name: string): number | undefined =>
  gpu.links ??
  gpu.linkPairs?.filter(({ between }) => between.includes(name)).reduce((sum, { links }) => sum + links, 0)

export function numaNodesOf(sku: Sku): readonly number[] {
  return [...new Set([...sku.gpus, ...sku.nics].map((device) => device.numaNode))].sort((a, b) => a - b)
}

/** Both GPUs must be listed, and the links of the pairs add up to those of each GPU. */
function checkLinkPairs(context: z.RefinementCtx, { gpu, gpus }: Pick<Sku, 'gpu' | 'gpus'>): void {
  const { links, linkPairs = [] } = gpu
  const issue = (path: PropertyKey[], message: string): void =>
    context.addIssue({ code: 'custom', path: ['gpu', ...path], message })
  linkPairs.forEach(({ between: [one, other] }, index) => {
    for (const name of [one, other])
      if (!gpus.some((own) => own.name === name))
        issue(
          ['linkPairs', index, 'between'],
          `"${name}" is not one of the GPUs ${gpus.map((own) => own.name).join(', ')}`,
        )
    if (one === other) issue(['linkPairs', index, 'between'], `"${one}" is named twice`)
    const before = linkPairs.findIndex(({ between }) => between.includes(one) && between.includes(other))
    if (one !== other && before < index)
      issue(['linkPairs', index], `the pair is listed twice, first at linkPairs[${before}]`)
  })
  if (links === undefined || linkPairs.length === 0) return
  for (const { name } of gpus) {
    const sum = linkPairs
      .filter(({ between }) => between.includes(name))
      .reduce((total, pair) => total + pair.links, 0)
    if (sum !== links)
      issue(['links'], `${links} links of each GPU, but the linkPairs of ${name} add up to ${sum}`)
  }
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
        message: `"${value}" is listed twice, first at ${key}[${before}]`,
      })
    }
    seen.set(value, index)
  })
}
