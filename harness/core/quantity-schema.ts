/** zod schemas for quantities: those written with their unit, as `39.07 GB/s` in a file, and those recorded as numbers. */
import { z } from 'zod'
import { ClaimcheckError } from './errors.ts'
import { parseBytes, parsePercent, parseRate, parseTime } from './units.ts'

const quantity = <T>(parse: (text: string) => T) =>
  z
    .string({
      error: (issue) => `expected a quantity with its unit, found ${JSON.stringify(issue.input)}`,
    })
    .transform((text, context): T => {
      try {
        return parse(text)
      } catch (error) {
        if (!(error instanceof ClaimcheckError)) throw error
        context.addIssue({ code: 'custom', message: error.message })
        return z.NEVER
      }
    })

/** Far above any hardware; figures computed from them stay finite. */
const MOST = { rate: '100 TB/s', size: '1000 TB', time: '1440 min', percent: '1000000 %' } as const

const within = <T extends number>(parse: (text: string) => T, most: string) =>
  quantity(parse).refine((value) => Math.abs(value) <= parse(most), `expected at most ${most}`)

export const rateSchema = within(parseRate, MOST.rate).refine(
  (rate) => rate > 0,
  'a rate must be greater than 0',
)
export const sizeSchema = within(parseBytes, MOST.size).refine(
  (size) => size > 0,
  'a size must be greater than 0',
)
export const timeSchema = within(parseTime, MOST.time).refine(
  (time) => time > 0,
  'a time must be greater than 0',
)
export const percentSchema = within(parsePercent, MOST.percent)

/** A quantity that is recorded as a plain number, in the unit of its type. */
export const quantityValueSchema = <Quantity extends number>(value: z.ZodType<number>) =>
  value as z.ZodType<Quantity>
