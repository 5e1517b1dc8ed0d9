/**
 * The `reference` of an SKU profile: figures with bounds and source. A figure is for one operation and size; `stated-figures.ts`
 * finds the one that applies to a measurement.
 */
import { z } from 'zod'
import type { Bytes, Fraction, GBps, Seconds } from '../core/units.ts'

/** The representation of quantities: text with units in a file, numbers once parsed. */
export interface Quantities {
  readonly rate: z.ZodType<GBps>
  readonly time: z.ZodType<Seconds>
  readonly size: z.ZodType<Bytes>
  readonly percent: z.ZodType<Fraction>
}

const MOST_DEVICES = 128
const MOST_RATIO = 1e6
const MOST_FIGURES = 1024
const MOST_BASELINES = 64
const MOST_NODES = 1024

const count = z.int().min(1).max(MOST_DEVICES)
const p99OverP50 = z.number().min(1).max(MOST_RATIO)
const name = z.string().min(1).max(253)

/** What the figures of a baseline were measured on, and how. */
const baselineSourceSchema = z.strictObject({
  measuredAt: z.iso.datetime(),
  nodes: z.array(name).min(1).max(MOST_NODES),
  /** Nodes that were measured and are in no figure. */
  leftOut: z
    .array(z.strictObject({ node: name, why: z.string() }))
    .max(MOST_NODES)
    .exactOptional(),
  /** The fewest rounds of a figure. */
  rounds: z.int().min(1),
  /** `assumed`: too few nodes to measure how nodes differ, so the bounds are wide. */
  spread: z.enum(['measured', 'assumed']),
  /** Of claimcheck, of the libraries and of the drivers. */
  versions: z.record(z.string(), z.string()),
  results: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected "sha256:" and 64 hexadecimal digits'),
  /** Present where the figures were not measured on hardware. */
  emulated: z.strictObject({ rack: z.string(), runtime: z.string() }).exactOptional(),
})

export type BaselineSource = z.infer<typeof baselineSourceSchema>

export const referenceSchemaWith = ({ rate, time, size, percent }: Quantities) => {
  /** Signed shares of the value. */
  const bounds = z
    .strictObject({ lower: percent, upper: percent })
    .refine(
      ({ lower, upper }) => lower <= 0 && upper >= 0,
      'lower must be at most 0 % and upper at least 0 %: they are relative to the value',
    )
    .refine(({ lower }) => lower > -1, 'lower must be above -100 %: no value could be below it')
  const bandwidth = z.strictObject({ value: rate, bounds })
  const latency = z.strictObject({ value: time, bounds })
  const arm = z.strictObject({ bandwidth, latency })
  const figure = z
    .strictObject({
      /** The name of the comparison in its suite; absent: the arm of any comparison. */
      comparison: name.exactOptional(),
      arm: name,
      op: z.enum(['WRITE', 'READ']),
      size,
      /** The bounds of the bandwidth hold for transfers of this size and larger ones; absent: for `size` alone. */
      from: size.exactOptional(),
      bandwidth,
      /** The mean. */
      latency: latency.exactOptional(),
      p50Latency: latency.exactOptional(),
    })
    .refine(({ size: own, from }) => from === undefined || from <= own, {
      path: ['from'],
      message: 'must not be larger than size, at which the bandwidth was measured',
    })
  /** The rate of one pair of GPUs in a transfer of 1 GiB. */
  const gpuLink = z.strictObject({
    write: arm.exactOptional(),
    read: arm.exactOptional(),
    /** The minimum ratio of a GPU link's rate to the rate through host memory. */
    overStaged: z.number().gt(1).max(MOST_RATIO),
    /** The share by which a pair may be slower than the median of the pairs that run at the same time. */
    evenWithin: z.string(),
    p99OverP50,
  })
  return z.strictObject({
    source: z.string(),
    /** The devices of a pod that figures without `comparison` were stated for; absent: the seed example's 4 and 4. */
    placement: z.strictObject({ gpus: count, nics: count }).exactOptional(),
    figures: z.array(figure).max(MOST_FIGURES).exactOptional(),
    /** Written by `claimcheck baseline`. */
    baselines: z
      .array(
        z.strictObject({
          source: baselineSourceSchema,
          figures: z
            .array(figure.safeExtend({ comparison: name }))
            .min(1)
            .max(MOST_FIGURES),
        }),
      )
      .max(MOST_BASELINES)
      .exactOptional(),
    /** The arms of WRITE, of the size that bandwidth times latency is. */
    aligned: arm.exactOptional(),
    unaligned: arm.exactOptional(),
    /** The largest allowed p99 / p50 of a transfer. */
    stability: z.strictObject({ p99OverP50 }).exactOptional(),
    gpuLink: gpuLink.exactOptional(),
    /** 1 GiB from a GPU to itself, between two processes. */
    gpuMemory: gpuLink.exactOptional(),
  })
}

export interface Reference<Quantity extends GBps | Seconds> {
  readonly value: Quantity
  readonly bounds: { readonly lower: number; readonly upper: number }
}
