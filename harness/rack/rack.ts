/**
 * An emulated rack, read from a rack file: nodes of a SKU, how its links behave, and its faults. The process runtime runs
 * it as processes, the lab as a cluster, and the model runtime computes its figures.
 */
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { isLibraryName, libraryPath } from '../core/library.ts'
import { dnsLabel } from '../core/name-schema.ts'
import { percentSchema, rateSchema } from '../core/quantity-schema.ts'
import { ucxSettingsSchema } from '../core/variables.ts'
import { readYamlFile } from '../core/yaml-file.ts'
import { loadSku, type Sku } from '../sku/sku.ts'
import { faultSchema, type Fault } from './fault.ts'
import { validateFaults } from './validate-faults.ts'

const MOST_ITERATIONS = 10_000
const MOST_FAULTS = 256

function distinct(names: readonly string[], context: z.RefinementCtx): void {
  names.forEach((name, index) => {
    const first = names.indexOf(name)
    if (first < index)
      context.addIssue({
        code: 'custom',
        path: [index],
        message: `"${name}" is listed twice, first at nodes[${first}]`,
      })
  })
}

const rackSchema = z.strictObject({
  schema: z.literal('claimcheck.rack/1'),
  name: dnsLabel('a rack name'),
  /** The SKU file, relative to the rack file's folder, or the name of an SKU that comes with claimcheck. */
  sku: z.string(),
  nodes: z.array(dnsLabel('a node name')).min(1).max(16).superRefine(distinct),
  links: z.strictObject({
    /** Payload rate of one NIC whose GPU is on the same NUMA node. */
    nic: z.strictObject({
      rate: rateSchema,
      jitter: percentSchema.refine((j) => j >= 0 && j < 0.5, 'jitter must be from 0 % to below 50 %'),
    }),
    /** The factor by which that rate changes if the path crosses the socket interconnect. */
    socketInterconnect: z.strictObject({ factor: z.number().gt(0).max(1) }),
    /** The pod network, eth0. */
    podNetwork: z.strictObject({ rate: rateSchema }),
  }),
  /** Rates and sizes are divided by this while bytes move, so that durations are those of the hardware. */
  scale: z.number().min(1).max(100_000),
  /** The length of a transfer. It is shorter than on hardware, since an emulated iteration uses CPU time. */
  transfer: z.strictObject({
    iters: z.int().min(2).max(MOST_ITERATIONS),
    warmupIters: z.int().min(0).max(MOST_ITERATIONS),
  }),
  /** Seeds every random draw of the emulation. */
  seed: z.int().min(0).default(1),
  /** Whether the GPU driver publishes numaNode; older ones do not. */
  gpuNumaNodePublished: z.boolean().default(false),
  /** Variables of UCX in the pods, such as `UCX_IB_ROCE_REACHABILITY_MODE: local_subnet` where NICs are Soft-RoCE. */
  ucx: ucxSettingsSchema.default({}),
  faults: z.array(faultSchema).max(MOST_FAULTS).default([]),
})

type RackFile = z.infer<typeof rackSchema>

export interface Rack extends Readonly<Omit<RackFile, 'sku' | 'faults'>> {
  readonly path: string
  readonly skuPath: string
  readonly sku: Sku
  readonly faults: readonly Fault[]
}

/** Throws FILE_UNREADABLE, FILE_INVALID with line and column, or FAULT_INVALID. */
export function loadRack(path: string): Rack {
  const file = readYamlFile(path, rackSchema)
  const skuPath = isLibraryName(file.sku)
    ? resolve(libraryPath('skus', file.sku, `${path}: sku`))
    : resolve(dirname(path), file.sku)
  const sku = loadSku(skuPath)
  const rack = { ...file, path, skuPath, sku }
  validateFaults(rack)
  return rack
}
