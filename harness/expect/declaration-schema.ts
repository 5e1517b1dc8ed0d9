/**
 * Checks the options of a comparison as a suite states them, and gives every arm what the declaration states for all of them.
 * The result is what the plan of a comparison records.
 */
import { z } from 'zod'
import { isUnavailable, type Unavailable } from '../claim/numa-placements.ts'
import { ClaimcheckError } from '../core/errors.ts'
import type { Bytes } from '../core/units.ts'
import { armName } from './arm-name.ts'

const MOST_ITERATIONS = 1_000_000
const MOST_ARMS = 8

const op = z.enum(['WRITE', 'READ'])
const size = z.int().min(1) as unknown as z.ZodType<Bytes>
const transports = z
  .string()
  .regex(/^[a-z0-9_,^]+$/, 'expected a list of UCX transports such as "tcp,cuda_copy"')
const memory = z.enum(['gpu', 'host'])
const devices = z.strictObject({ count: z.int().min(1), numaNode: z.int().min(0) })
const transfer = { op: op.exactOptional(), size: size.exactOptional() }
const own = {
  ...transfer,
  blockSize: size.exactOptional(),
  bothWays: z.literal(true).exactOptional(),
}

const nodeArm = z.strictObject({
  alignment: z.enum(['aligned', 'unaligned']).exactOptional(),
  memory: memory.exactOptional(),
  gpus: devices,
  nics: devices,
  transports: transports.exactOptional(),
  ...own,
})
const linkArm = z.strictObject({
  path: z.enum(['gpu-links', 'host-memory']),
  ...own,
})

const common = {
  name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9. -]*$/, 'expected letters, digits, ".", "-" and spaces'),
  ...transfer,
  iters: z.int().min(2).max(MOST_ITERATIONS).default(100),
  warmupIters: z.int().min(0).max(MOST_ITERATIONS).default(20),
}
const armsOf = <Arm extends z.ZodType>(arm: Arm, least: number) =>
  z
    .record(armName, arm)
    .refine(
      (arms) => Object.keys(arms).length >= least,
      `expected at least ${least} arms: one alone has nothing to be compared with`,
    )
    .refine((arms) => Object.keys(arms).length <= MOST_ARMS, `expected at most ${MOST_ARMS} arms`)

const comparisonSchema = z.strictObject({
  ...common,
  arms: armsOf(nodeArm, 2),
  memory: memory.exactOptional(),
  transports: transports.exactOptional(),
  tooLongFor: z.literal('process').exactOptional(),
})
const linksSchema = z
  .strictObject({ ...common, turn: z.int().min(0), arms: armsOf(linkArm, 1) })
  .refine(({ turn, arms }) => turn > 0 || Object.values(arms).every(({ bothWays }) => bothWays !== true), {
    path: ['arms'],
    message: 'in turn 0 each GPU is paired with itself: there is only one way',
  })

/** Throws EXPECTATION_INVALID that names the comparison and every wrong option. */
export function checkedComparison(spec: { readonly arms: object }) {
  // Arms that the SKU does not have; the tests are skipped with the reason.
  if (isUnavailable(spec.arms)) return spec
  const { memory: kind, transports: used, ...parsed } = parse(comparisonSchema, spec)
  const arms = Object.entries(parsed.arms).map(([name, arm]) => {
    const { memory: ownKind, ...rest } = { ...(used === undefined ? {} : { transports: used }), ...arm }
    return [name, { ...rest, ...((ownKind ?? kind) === 'host' ? { memory: 'host' as const } : {}) }] as const
  })
  return { ...parsed, arms: Object.fromEntries(arms), ...transferOf(parsed) }
}

/** Throws EXPECTATION_INVALID that names the comparison and every wrong option. */
export function checkedLinks(spec: object) {
  const parsed = parse(linksSchema, spec)
  return { ...parsed, ...transferOf(parsed) }
}

/** Throws EXPECTATION_INVALID where two of the groups have an arm of the same name. */
export function mergeArms<const Groups extends readonly (Readonly<Record<string, object>> | Unavailable)[]>(
  ...groups: Groups
): Merged<Groups> {
  const merged = new Map<string, object>()
  for (const group of groups) {
    if (isUnavailable(group)) return group as Merged<Groups>
    for (const [name, arm] of Object.entries(group)) {
      if (merged.has(name))
        throw invalid('the arms of a comparison', `have the name "${name}" twice`, 'names that differ', name)
      merged.set(name, arm)
    }
  }
  return Object.fromEntries(merged) as Merged<Groups>
}

type Merged<Groups extends readonly unknown[]> =
  | UnionToIntersection<Exclude<Groups[number], Unavailable>>
  | Extract<Groups[number], Unavailable>
type UnionToIntersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never

interface Stated {
  readonly name: string
  readonly arms: Readonly<Record<string, { readonly op?: 'WRITE' | 'READ'; readonly size?: Bytes }>>
  readonly op?: 'WRITE' | 'READ'
  readonly size?: Bytes
}

/** What the plan states for all arms; of a declaration that states nothing for all, what its first arm states. */
function transferOf({ name, arms, ...stated }: Stated): { op: 'WRITE' | 'READ'; size: Bytes } {
  const all = Object.entries(arms)
  const missing = (['op', 'size'] as const).flatMap((key) =>
    stated[key] === undefined
      ? all.filter(([, arm]) => arm[key] === undefined).map(([arm]) => `${key} of arm ${arm}`)
      : [],
  )
  const first = all[0]?.[1]
  const [firstOp, firstSize] = [stated.op ?? first?.op, stated.size ?? first?.size]
  if (missing.length === 0 && firstOp !== undefined && firstSize !== undefined)
    return { op: firstOp, size: firstSize }
  throw invalid(
    `comparison "${name}"`,
    `lacks ${missing.join(' and ')}`,
    'op and size, stated for the comparison or for each arm',
    `op ${stated.op ?? 'not stated'}, size ${stated.size ?? 'not stated'}`,
  )
}

function parse<Schema extends z.ZodType>(schema: Schema, spec: object): z.output<Schema> {
  const parsed = schema.safeParse(spec)
  if (parsed.success) return parsed.data
  const name = 'name' in spec && typeof spec.name === 'string' ? ` "${spec.name.slice(0, 100)}"` : ''
  const faults = parsed.error.issues.map((issue) => {
    const reasons = 'issues' in issue ? issue.issues.map(({ message }) => message) : [issue.message]
    return `${issue.path.join('.') || 'the declaration'}: ${reasons.join(', ')}`
  })
  throw new ClaimcheckError('EXPECTATION_INVALID', {
    subject: `comparison${name}`,
    problem: `is not declared correctly: ${faults.join('; ')}`,
    hint: 'docs/writing-suites.md lists the options of a comparison and of its arms.',
  })
}

const invalid = (subject: string, problem: string, expected: string, found: string): ClaimcheckError =>
  new ClaimcheckError('EXPECTATION_INVALID', { subject, problem, expected, found })
