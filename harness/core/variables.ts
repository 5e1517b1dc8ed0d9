/**
 * The CLAIMCHECK_* variables. Takes the environment; gives checked settings with defaults filled in.
 * A misspelt name is an error that names the nearest one: a gate must not run with a setting it did not get.
 */
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { z } from 'zod'
import { ClaimcheckError } from './errors.ts'
import { nearest } from './nearest.ts'

const PREFIX = 'CLAIMCHECK_'

const variablesSchema = z.strictObject({
  CLAIMCHECK_TARGET: z.enum(['emulated', 'lab', 'cluster', 'host']).default('emulated'),
  CLAIMCHECK_RACK: z.string().min(1).default('fixtures/racks/h100-2node.yaml'),
  CLAIMCHECK_SKU: z.string().min(1).optional(),
  CLAIMCHECK_CONTEXT: z.string().min(1).optional(),
  /** The lab that a run uses; default: one of its rack that is up, else one of its own. */
  CLAIMCHECK_LAB: z
    .string()
    .regex(
      /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/,
      'expected the name of a lab: lower-case letters, digits and "-"',
    )
    .optional(),
  /** Nodes under test, by comma; default: every node whose drivers publish RDMA NICs. */
  CLAIMCHECK_NODES: z
    .string()
    .regex(/^[a-z0-9.-]+(,[a-z0-9.-]+)*$/, 'expected node names with commas between them')
    .transform((names) => names.split(','))
    .optional(),
  /** What pods run, with `image`; with `stream`, any glibc image with a shell that the binary is sent into. */
  CLAIMCHECK_IMAGE: z.string().min(1).optional(),
  CLAIMCHECK_DELIVERY: z.enum(['image', 'stream']).optional(),
  /** What each container asks for besides its devices; of memory also the most it gets. */
  CLAIMCHECK_POD_CPU: z
    .string()
    .regex(/^\d+(\.\d+)?m?$/, 'expected CPUs such as 4 or 500m')
    .optional(),
  CLAIMCHECK_POD_MEMORY: z
    .string()
    .regex(/^[1-9]\d*(Mi|Gi)$/, 'expected memory such as 8Gi or 512Mi')
    .optional(),
  CLAIMCHECK_RUNTIME: z.enum(['process', 'model']).default('process'),
  CLAIMCHECK_REPORT_DIR: z.string().min(1).default('reports'),
  /** Expectations that are let through for a time. */
  CLAIMCHECK_WAIVERS: z.string().min(1).optional(),
  /** Rounds before the first look; an interval needs two at least. */
  CLAIMCHECK_ROUNDS: z
    .string()
    .regex(/^\d+$/, 'expected a whole number')
    .transform(Number)
    .pipe(
      z
        .number()
        .min(2, 'expected at least 2 rounds: one round has no interval')
        .max(100, 'expected at most 100 rounds'),
    )
    .prefault('3'),
  /** Where the NIXL library and built binaries are kept between runs. */
  CLAIMCHECK_CACHE_DIR: z.string().min(1).optional(),
})

export interface Settings {
  readonly target: 'emulated' | 'lab' | 'cluster' | 'host'
  readonly rack: string
  readonly sku: string | undefined
  readonly context: string | undefined
  readonly lab: string | undefined
  /** Files that hold the contexts, the first of a name counts: KUBECONFIG's, else the user's own. */
  readonly kubeconfig: readonly string[]
  readonly nodes: readonly string[] | undefined
  readonly image: string | undefined
  readonly delivery: 'image' | 'stream'
  readonly podResources: { readonly cpu: string; readonly memory: string }
  readonly runtime: 'process' | 'model'
  readonly reportDir: string
  readonly waivers: string | undefined
  readonly rounds: number
  readonly cacheDir: string
}

/** Throws VARIABLE_UNKNOWN or VARIABLE_INVALID, naming every variable at fault. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const known = Object.keys(variablesSchema.shape)
  const ours = Object.fromEntries(
    Object.entries(env).filter(([name]) => name.startsWith(PREFIX) || isMisspeltPrefix(name, known)),
  )
  for (const name of Object.keys(ours)) {
    if (known.includes(name)) continue
    const near = nearest(
      name.slice(PREFIX.length),
      known.map((one) => one.slice(PREFIX.length)),
    )
    throw new ClaimcheckError('VARIABLE_UNKNOWN', {
      subject: name,
      problem: 'is not a variable of claimcheck',
      hint: near === undefined ? `The variables are ${known.join(', ')}.` : `Did you mean ${PREFIX}${near}?`,
    })
  }
  const parsed = variablesSchema.safeParse(ours)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const name = String(issue?.path[0] ?? PREFIX)
    throw new ClaimcheckError('VARIABLE_INVALID', {
      subject: name,
      problem: issue?.message ?? 'is invalid',
      found: JSON.stringify(ours[name]),
      hint: `Set ${name} to such a value or unset it.`,
    })
  }
  const v = parsed.data
  refuseMeaningless(v)
  return {
    target: v.CLAIMCHECK_TARGET,
    rack: v.CLAIMCHECK_RACK,
    sku: v.CLAIMCHECK_SKU,
    context: v.CLAIMCHECK_CONTEXT,
    lab: v.CLAIMCHECK_LAB,
    kubeconfig: kubeconfigOf(env),
    nodes: v.CLAIMCHECK_NODES,
    image: v.CLAIMCHECK_IMAGE,
    delivery: v.CLAIMCHECK_DELIVERY ?? 'image',
    podResources: { cpu: v.CLAIMCHECK_POD_CPU ?? '4', memory: v.CLAIMCHECK_POD_MEMORY ?? '8Gi' },
    runtime: v.CLAIMCHECK_RUNTIME,
    reportDir: v.CLAIMCHECK_REPORT_DIR,
    waivers: v.CLAIMCHECK_WAIVERS,
    rounds: v.CLAIMCHECK_ROUNDS,
    cacheDir:
      v.CLAIMCHECK_CACHE_DIR ??
      join(env['XDG_CACHE_HOME'] ?? join(env['HOME'] ?? homedir(), '.cache'), 'claimcheck'),
  }
}

function kubeconfigOf(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const named = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '')
  return named.length > 0 ? named : [join(env['HOME'] ?? homedir(), '.kube', 'config')]
}

/** `CLAIMCHEK_RACK`: nobody else's variable, and silently ignored if only the prefix were looked at. */
const isMisspeltPrefix = (name: string, known: readonly string[]): boolean =>
  name.startsWith('CLAIM') && nearest(name, known) !== undefined

const OF_A_CLUSTER = [
  ['CLAIMCHECK_CONTEXT', 'only a cluster has a context'],
  ['CLAIMCHECK_NODES', 'only a cluster has nodes to choose from'],
  ['CLAIMCHECK_IMAGE', 'only a cluster pulls an image'],
  ['CLAIMCHECK_DELIVERY', 'only into a cluster is anything delivered'],
  ['CLAIMCHECK_POD_CPU', 'only the pods of a cluster ask for CPUs'],
  ['CLAIMCHECK_POD_MEMORY', 'only the pods of a cluster ask for memory'],
] as const

/** A setting that the chosen target would not look at was meant for another target. */
function refuseMeaningless(v: z.infer<typeof variablesSchema>): void {
  const target = v.CLAIMCHECK_TARGET
  const emulates = target === 'emulated' || target === 'lab'
  const wrong = [
    emulates && v.CLAIMCHECK_SKU !== undefined && (['CLAIMCHECK_SKU', 'the rack names its SKU'] as const),
    target !== 'lab' &&
      v.CLAIMCHECK_LAB !== undefined &&
      (['CLAIMCHECK_LAB', 'only target lab has labs'] as const),
    ...OF_A_CLUSTER.map(
      ([name, why]) => target !== 'cluster' && v[name] !== undefined && ([name, why] as const),
    ),
  ].find((one) => one !== false)
  if (wrong === undefined) return
  const [name, why] = wrong
  throw new ClaimcheckError('VARIABLE_INVALID', {
    subject: name,
    problem: `has no meaning with CLAIMCHECK_TARGET=${target}: ${why}`,
    hint: `Unset ${name}, or choose the target it is for.`,
  })
}
