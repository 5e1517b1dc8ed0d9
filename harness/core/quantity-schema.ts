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

export const rateSchema = quantity(parseRate).refine((rate) => rate > 0, 'a rate must be greater than 0')
export const sizeSchema = quantity(parseBytes).refine((size) => size > 0, 'a size must be greater than 0')
export const timeSchema = quantity(parseTime).refine((time) => time > 0, 'a time must be greater than 0')
export const percentSchema = quantity(parsePercent)

/** A quantity that is recorded as a plain number, in the unit of its type. */
export const quantityValueSchema = <Quantity extends number>(value: z.ZodType<number>) =>
  value as z.ZodType<Quantity>
