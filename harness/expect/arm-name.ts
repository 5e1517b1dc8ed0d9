/** The names of arms: in statements, properties, names of pods, and beside `round` in the evidence of a round. */
import { z } from 'zod'

const RESERVED: ReadonlySet<string> = new Set(['round', 'stability'])

export const armName = z
  .string()
  .regex(/^[a-zA-Z][a-zA-Z0-9]{0,31}$/, 'expected at most 32 letters and digits, the first of them a letter')
  .refine((name) => !RESERVED.has(name), 'is reserved')
