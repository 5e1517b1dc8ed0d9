/** docs/data/harness-faults.json: what the rows of the fault matrix were measured to do. */
import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { titleOf, type HarnessFault } from './harness-fault.ts'
import type { FaultEnd } from './run-fault.ts'

export const harnessFaultsSchema = z.strictObject({
  command: z.string(),
  rows: z.array(
    z.strictObject({
      title: z.string(),
      target: z.enum(['model', 'process', 'host', 'cluster']),
      phase: z.string(),
      fault: z.string(),
      swept: z.boolean(),
      exit: z.union([z.int(), z.string()]),
      codes: z.array(z.string()),
      left: z.array(z.string()),
      /** Whether it ended as declared and left nothing. */
      holds: z.boolean(),
    }),
  ),
})
export type HarnessFaultsRecord = z.infer<typeof harnessFaultsSchema>

/** The new ends, and those of the file for rows that were not measured again, in the order of the matrix. */
export function mergedRecord(
  path: string,
  matrix: readonly HarnessFault[],
  ends: readonly FaultEnd[],
): HarnessFaultsRecord {
  const earlier = existsSync(path)
    ? harnessFaultsSchema.parse(JSON.parse(readFileSync(path, 'utf8'))).rows
    : []
  const measured = ends.map(({ wrong, codes, left, ...end }) => ({
    ...end,
    codes: [...codes],
    left: [...left],
    holds: wrong === undefined,
  }))
  const byTitle = new Map([...earlier, ...measured].map((row) => [row.title, row]))
  return {
    command: 'npm run faults -- --harness',
    rows: matrix.flatMap((row) => byTitle.get(titleOf(row)) ?? []),
  }
}
