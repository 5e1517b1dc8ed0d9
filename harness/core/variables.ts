/**
 * The CLAIMCHECK_* environment variables: checks them and fills in defaults. A misspelt name is an error that suggests
 * the nearest one, so that a CI gate never runs without a setting that it was given.
 */
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { z } from 'zod'
import { ClaimcheckError } from './errors.ts'
import { libraryPath } from './library.ts'
import { nearest } from './nearest.ts'

const PREFIX = 'CLAIMCHECK_'
export const DEFAULT_REPORT_DIR = 'reports'
const DEFAULT_RACK = 'h100-2node'
/** The value of CLAIMCHECK_CONTEXT in a pod: its ServiceAccount, without a kubeconfig. */
export const IN_CLUSTER = 'in-cluster'
/** `CLAIMCHECK_UCX_IB_GID_INDEX` is UCX_IB_GID_INDEX of the pods. */
const UCX_PREFIX = 'CLAIMCHECK_UCX_'
/** Variables of UCX that the transfer binary sets itself. */
const OWN_UCX = new Set(['UCX_LOG_FILE', 'UCX_MAX_RMA_RAILS', 'UCX_NET_DEVICES', 'UCX_PROTO_INFO', 'UCX_TLS'])

export const ucxSettingsSchema = z.record(
  z
    .string()
    .regex(/^UCX_[A-Z0-9_]+$/, 'expected a variable of UCX such as UCX_IB_GID_INDEX')
    .refine((name) => !OWN_UCX.has(name), 'is set by the transfer itself'),
  z.string().regex(/^[\x20-\x7e]{1,256}$/, 'expected 1 to 256 printable ASCII characters'),
)

const variablesSchema = z.strictObject({
  CLAIMCHECK_TARGET: z.enum(['emulated', 'lab', 'cluster', 'host']).default('emulated'),
  CLAIMCHECK_RACK: z.string().min(1).optional(),
  CLAIMCHECK_SKU: z.string().min(1).optional(),
  CLAIMCHECK_CONTEXT: z.string().min(1).optional(),
  /** A Namespace that exists, in which the run creates its objects. By default the run makes a Namespace of its own. */
  CLAIMCHECK_NAMESPACE: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'expected the name of a Namespace')
    .refine((name) => !name.startsWith('kube-'), 'names a Namespace of the system')
    .optional(),
  /** The lab that a run uses. By default a running lab of the same rack, otherwise a new one. */
  CLAIMCHECK_LAB: z
    .string()
    .regex(
      /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/,
      'expected the name of a lab: lower-case letters, digits and "-"',
    )
    .optional(),
  /** Nodes under test, separated by commas. By default every node whose drivers publish RDMA NICs, or GPUs where none does. */
  CLAIMCHECK_NODES: z
    .string()
    .regex(/^[a-z0-9.-]+(,[a-z0-9.-]+)*$/, 'expected node names separated by commas')
    .transform((names) => names.split(','))
    .optional(),
  /** The image of the pods. With delivery `stream`, any glibc image with a shell, into which the binary is sent. */
  CLAIMCHECK_IMAGE: z.string().min(1).optional(),
  CLAIMCHECK_DELIVERY: z.enum(['image', 'stream']).optional(),
  /** Requests of each container besides its devices. The memory request is also the limit. */
  CLAIMCHECK_POD_CPU: z
    .string()
    .regex(/^\d+(\.\d+)?m?$/, 'expected CPUs such as 4 or 500m')
    .optional(),
  CLAIMCHECK_POD_MEMORY: z
    .string()
    .regex(/^[1-9]\d*(Mi|Gi)$/, 'expected memory such as 8Gi or 512Mi')
    .optional(),
  /** What a run must have covered to pass. By default `full` for the suites in suites/, otherwise `partial`. */
  CLAIMCHECK_COVERAGE: z.enum(['full', 'partial']).optional(),
  /** NIXL's backend for transfers between nodes. LIBFABRIC is for EFA NICs. */
  CLAIMCHECK_BACKEND: z.enum(['UCX', 'LIBFABRIC']).optional(),
  /** `mount`: the node's /sys is mounted into the pods, for port counters that a network namespace does not show. */
  CLAIMCHECK_HOST_SYS: z.enum(['none', 'mount']).optional(),
  CLAIMCHECK_RUNTIME: z.enum(['process', 'model']).default('process'),
  CLAIMCHECK_REPORT_DIR: z.string().min(1).default(DEFAULT_REPORT_DIR),
  /** Further files of a run, separated by commas: `ctrf` for ctrf.json, `metrics` for metrics.prom. */
  CLAIMCHECK_FORMATS: z
    .string()
    .regex(/^(ctrf|metrics)(,(ctrf|metrics))*$/, 'expected ctrf, metrics, or both separated by a comma')
    .transform((names) => names.split(',') as ReportFormat[])
    .optional(),
  /** A file of waivers: expectations that may fail until a date. */
  CLAIMCHECK_WAIVERS: z.string().min(1).optional(),
  /** An Ed25519 private key in PEM that signs the certificate of the run. */
  CLAIMCHECK_SIGN_KEY: z.string().min(1).optional(),
  /** Rounds before the first look. A confidence interval needs at least two. */
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
  /** The wheel of NIXL, a folder that holds it, or a folder with its libraries, instead of a download. */
  CLAIMCHECK_NIXL: z.string().min(1).optional(),
  /** The folder that keeps the NIXL library and other downloads between runs. */
  CLAIMCHECK_CACHE_DIR: z.string().min(1).optional(),
})

export type Backend = 'UCX' | 'LIBFABRIC'

export type ReportFormat = 'ctrf' | 'metrics'

export interface Settings {
  readonly target: 'emulated' | 'lab' | 'cluster' | 'host'
  readonly rack: string
  readonly sku: string | undefined
  readonly context: string | undefined
  /** An existing Namespace for the objects of a run. */
  readonly namespace: string | undefined
  readonly lab: string | undefined
  /** Kubeconfig files, of which the first with a context of the name counts: KUBECONFIG, otherwise ~/.kube/config. */
  readonly kubeconfig: readonly string[]
  readonly nodes: readonly string[] | undefined
  readonly image: string | undefined
  readonly delivery: 'image' | 'stream'
  readonly podResources: { readonly cpu: string; readonly memory: string }
  readonly coverage: 'full' | 'partial' | undefined
  /** Whether the node's /sys is mounted into the pods, read-only. */
  readonly mountsHostSys: boolean
  /** NIXL's backend for transfers between nodes. */
  readonly backend: Backend
  /** Variables of UCX in the pods, without the prefix CLAIMCHECK_. */
  readonly ucx: Readonly<Record<string, string>>
  readonly runtime: 'process' | 'model'
  readonly reportDir: string
  readonly formats: readonly ReportFormat[]
  readonly waivers: string | undefined
  readonly signKey: string | undefined
  readonly rounds: number
  /** The path of NIXL's wheel or of its unpacked libraries; undefined: it is downloaded. */
  readonly nixl: string | undefined
  readonly cacheDir: string
}

/** Throws VARIABLE_UNKNOWN or VARIABLE_INVALID with every variable that is wrong. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const known = Object.keys(variablesSchema.shape)
  const ours = Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !name.startsWith(UCX_PREFIX) && (name.startsWith(PREFIX) || isMisspeltPrefix(name, known)),
    ),
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
      hint: `Set ${name} to a valid value or unset it.`,
    })
  }
  const v = parsed.data
  const ucx = ucxSettingsIn(env)
  refuseMeaningless(v, ucx)
  return {
    target: v.CLAIMCHECK_TARGET,
    rack: libraryPath('racks', v.CLAIMCHECK_RACK ?? DEFAULT_RACK, 'CLAIMCHECK_RACK'),
    sku: v.CLAIMCHECK_SKU === undefined ? undefined : libraryPath('skus', v.CLAIMCHECK_SKU, 'CLAIMCHECK_SKU'),
    context: v.CLAIMCHECK_CONTEXT,
    namespace: v.CLAIMCHECK_NAMESPACE,
    lab: v.CLAIMCHECK_LAB,
    kubeconfig: kubeconfigOf(env),
    nodes: v.CLAIMCHECK_NODES,
    image: v.CLAIMCHECK_IMAGE,
    delivery: v.CLAIMCHECK_DELIVERY ?? 'image',
    podResources: { cpu: v.CLAIMCHECK_POD_CPU ?? '4', memory: v.CLAIMCHECK_POD_MEMORY ?? '8Gi' },
    coverage: v.CLAIMCHECK_COVERAGE,
    mountsHostSys: v.CLAIMCHECK_HOST_SYS === 'mount',
    backend: v.CLAIMCHECK_BACKEND ?? 'UCX',
    ucx,
    runtime: v.CLAIMCHECK_RUNTIME,
    reportDir: v.CLAIMCHECK_REPORT_DIR,
    formats: v.CLAIMCHECK_FORMATS ?? [],
    waivers: v.CLAIMCHECK_WAIVERS,
    signKey: v.CLAIMCHECK_SIGN_KEY,
    rounds: v.CLAIMCHECK_ROUNDS,
    nixl: v.CLAIMCHECK_NIXL,
    cacheDir:
      v.CLAIMCHECK_CACHE_DIR ??
      join(env['XDG_CACHE_HOME'] ?? join(env['HOME'] ?? homedir(), '.cache'), 'claimcheck'),
  }
}

/** Throws VARIABLE_INVALID. */
function ucxSettingsIn(env: Readonly<Record<string, string | undefined>>): Settings['ucx'] {
  const given = Object.entries(env).filter(([name]) => name.startsWith(UCX_PREFIX))
  const parsed = ucxSettingsSchema.safeParse(
    Object.fromEntries(given.map(([name, value]) => [name.slice(PREFIX.length), value])),
  )
  if (parsed.success) return parsed.data
  const { path, message, ...issue } = parsed.error.issues[0] ?? { path: [], message: 'is invalid' }
  const name = `${PREFIX}${String(path[0])}`
  const ofKey = 'issues' in issue ? issue.issues[0]?.message : undefined
  throw new ClaimcheckError('VARIABLE_INVALID', {
    subject: name,
    problem: ofKey ?? message,
    found: JSON.stringify(env[name]),
    hint: `Set ${name} to a valid value or unset it.`,
  })
}

function kubeconfigOf(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const named = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '')
  return named.length > 0 ? named : [join(env['HOME'] ?? homedir(), '.kube', 'config')]
}

/** Also finds a misspelt prefix such as `CLAIMCHEK_RACK`, which no other program uses. */
const isMisspeltPrefix = (name: string, known: readonly string[]): boolean =>
  name.startsWith('CLAIM') && nearest(name, known) !== undefined

/** Variables that only some targets use, with the reason that a user reads who sets one for another target. */
const ONLY_FOR: readonly [
  name: keyof typeof variablesSchema.shape,
  targets: readonly string[],
  reason: string,
][] = [
  ['CLAIMCHECK_SKU', ['cluster', 'host'], 'the rack names its SKU'],
  ['CLAIMCHECK_LAB', ['lab'], 'only target lab has labs'],
  ['CLAIMCHECK_CONTEXT', ['cluster', 'lab'], 'only target cluster has a context'],
  ['CLAIMCHECK_NAMESPACE', ['cluster', 'lab'], 'only target cluster has Namespaces'],
  ['CLAIMCHECK_NODES', ['cluster'], 'only target cluster selects nodes'],
  ['CLAIMCHECK_IMAGE', ['cluster'], 'only target cluster pulls an image'],
  ['CLAIMCHECK_DELIVERY', ['cluster'], 'only target cluster delivers the binary into pods'],
  ['CLAIMCHECK_POD_CPU', ['cluster'], 'only the pods of target cluster request CPUs'],
  ['CLAIMCHECK_POD_MEMORY', ['cluster'], 'only the pods of target cluster request memory'],
  ['CLAIMCHECK_BACKEND', ['cluster'], 'only target cluster has NICs that LIBFABRIC is for'],
  ['CLAIMCHECK_HOST_SYS', ['cluster'], 'only the pods of target cluster have nodes of their own'],
]

/** Refuses a setting that the chosen target does not use, since it was meant for another target. */
function refuseMeaningless(v: z.infer<typeof variablesSchema>, ucx: Settings['ucx']): void {
  const target = v.CLAIMCHECK_TARGET
  if (target === 'lab') requireInsideLab(v)
  const [ofUcx] = target === 'emulated' && v.CLAIMCHECK_RUNTIME === 'model' ? Object.keys(ucx) : []
  const [name, , reason] =
    ofUcx === undefined
      ? (ONLY_FOR.find(([name, targets]) => v[name] !== undefined && !targets.includes(target)) ?? [])
      : [`${PREFIX}${ofUcx}`, [], 'runtime model runs no UCX']
  if (name === undefined) return
  throw new ClaimcheckError('VARIABLE_INVALID', {
    subject: name,
    problem: `has no effect with CLAIMCHECK_TARGET=${target}: ${reason}`,
    hint: `Unset ${name}, or choose the target that uses it.`,
  })
}

/** Outside its cluster a lab is found by its name, and each run has its own Namespace. */
function requireInsideLab(v: z.infer<typeof variablesSchema>): void {
  if (v.CLAIMCHECK_CONTEXT === IN_CLUSTER) return
  const name = (['CLAIMCHECK_CONTEXT', 'CLAIMCHECK_NAMESPACE'] as const).find((one) => v[one] !== undefined)
  if (name === undefined) return
  throw new ClaimcheckError('VARIABLE_INVALID', {
    subject: name,
    problem: 'has no effect with CLAIMCHECK_TARGET=lab outside a pod of the lab',
    expected: `CLAIMCHECK_CONTEXT=${IN_CLUSTER}, in such a pod`,
    found: JSON.stringify(v[name]),
    hint: `Unset ${name}; CLAIMCHECK_LAB names a lab.`,
  })
}
