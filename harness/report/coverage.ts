/**
 * What a run covered of the hardware under test: the nodes, GPUs, NICs and paths that moved verified bytes, of all that the
 * drivers publish and the SKU profile states, and what was left out.
 */
import { z } from 'zod'
import type { ErrorCode } from '../core/errors.ts'
import { allCovered, type Covered } from '../measure/covered.ts'

/** The kinds of transfers that tests measure. */
export const TRANSFER_KINDS = ['between nodes', 'between GPUs'] as const
export type TransferKind = (typeof TRANSFER_KINDS)[number]

const names = z.array(z.string()).readonly()
const part = z.strictObject({ covered: names, missing: names }).readonly()

export const coverageSchema = z.strictObject({
  required: z
    .enum(['full', 'partial'])
    .describe('full: a run that covers less than all nodes, GPUs and NICs is inconclusive'),
  kinds: z
    .array(z.enum(TRANSFER_KINDS))
    .readonly()
    .describe('of the transfers that the tests of the run measure'),
  transfers: z.int().min(0).describe('that were measured'),
  nodes: part,
  gpus: part,
  nics: part,
  paths: names.describe('from a GPU to a NIC of its node'),
  gpuPairs: names.describe('of a node'),
  leftOut: z.array(z.strictObject({ what: z.string(), why: z.string() }).readonly()).readonly(),
})

export type Coverage = Readonly<z.infer<typeof coverageSchema>>

/** All that could be covered, by the names of `Covered`. */
export interface Inventory {
  readonly nodes: readonly string[]
  readonly gpus: readonly string[]
  readonly nics: readonly string[]
  readonly leftOut: Coverage['leftOut']
}

export function coverageOf({
  inventories,
  covered,
  ...rest
}: Pick<Coverage, 'required' | 'kinds' | 'transfers' | 'leftOut'> & {
  readonly inventories: readonly Inventory[]
  readonly covered: readonly Covered[]
}): Coverage {
  const done = allCovered(covered)
  const partOf = (key: 'nodes' | 'gpus' | 'nics'): z.infer<typeof part> => {
    const all = [...new Set(inventories.flatMap((inventory) => inventory[key]))].sort()
    return { covered: [...done[key]], missing: all.filter((name) => !done[key].includes(name)) }
  }
  return {
    ...rest,
    nodes: partOf('nodes'),
    gpus: partOf('gpus'),
    nics: partOf('nics'),
    paths: [...done.paths],
    gpuPairs: [...done.gpuPairs],
    leftOut: distinct([...inventories.flatMap(({ leftOut }) => leftOut), ...rest.leftOut]),
  }
}

const distinct = (all: Coverage['leftOut']): Coverage['leftOut'] => [
  ...new Map(all.map((one) => [JSON.stringify(one), one])).values(),
]

/** Why a run with this coverage cannot pass; undefined where it can. */
export function coverageFault(
  coverage: Coverage,
): { readonly code: ErrorCode; readonly problem: string } | undefined {
  const { required, kinds, transfers } = coverage
  if (kinds.length > 0 && transfers === 0)
    return { code: 'NOTHING_MEASURED', problem: 'no test of the run measured a transfer' }
  if (required === 'partial' || kinds.length === 0) return undefined
  const missing = requiredParts(coverage).flatMap(([, one]) => one.missing)
  if (missing.length === 0) return undefined
  return { code: 'COVERAGE_PARTIAL', problem: `${describeCoverage(coverage)}; missing: ${few(missing)}` }
}

/** Transfers within a node use no NIC, and one node alone has no partner. */
function requiredParts({
  kinds,
  nodes,
  gpus,
  nics,
}: Coverage): readonly (readonly [string, Coverage['nics']])[] {
  const fabric = kinds.includes('between nodes') && nodes.covered.length + nodes.missing.length > 1
  return [['node', nodes] as const, ['GPU', gpus] as const, ...(fabric ? [['NIC', nics] as const] : [])]
}

/** `covers 6 of 6 nodes, 48 of 48 GPUs, 48 of 48 NICs, 96 GPU-NIC paths` */
export function describeCoverage(coverage: Coverage): string {
  const { kinds, transfers, paths, gpuPairs } = coverage
  if (kinds.length === 0) return 'covers no device by a transfer: the tests of this run measure none'
  if (transfers === 0) return 'covers no device: no transfer was measured'
  const parts = requiredParts(coverage).map(([what, { covered, missing }]) => {
    const all = covered.length + missing.length
    return `${covered.length} of ${all} ${what}${all === 1 ? '' : 's'}`
  })
  const ways = [
    ...(paths.length === 0 ? [] : [`${paths.length} GPU-NIC path${paths.length === 1 ? '' : 's'}`]),
    ...(gpuPairs.length === 0 ? [] : [`${gpuPairs.length} GPU pair${gpuPairs.length === 1 ? '' : 's'}`]),
  ]
  return `covers ${[...parts, ...ways].join(', ')}`
}

/** Codes of problems that concern the coverage only: the verdicts of the tests stand. */
export const isCoverageProblem = ({ code }: { readonly code: ErrorCode }): boolean =>
  code === 'COVERAGE_PARTIAL' || code === 'NOTHING_MEASURED'

const MOST_NAMED = 12
const few = (all: readonly string[]): string =>
  all.length <= MOST_NAMED
    ? all.join(', ')
    : `${all.slice(0, MOST_NAMED).join(', ')} and ${all.length - MOST_NAMED} more`

/** What was left out and why, one line each. */
export const describeLeftOut = ({ leftOut }: Pick<Coverage, 'leftOut'>): readonly string[] =>
  leftOut.map(({ what, why }) => `left out: ${what}: ${why}`)
