/**
 * Runs the credential plugin of a kubeconfig's user, such as `aws eks get-token`, once for all clients of this process until
 * its credentials expire. A plugin that does not end is killed.
 */
import { Buffer } from 'node:buffer'
import { KubeConfig } from '@kubernetes/client-node'
import { execa } from 'execa'
import { z } from 'zod'
import { ClaimcheckError } from '../../core/errors.ts'

const LIMIT_MS = 60_000
const MOST_OUTPUT_BYTES = 1_000_000
/** Credentials that expire this soon are not used any more. */
const MARGIN_MS = 10_000

const pluginSchema = z.looseObject({
  apiVersion: z.string().default('client.authentication.k8s.io/v1'),
  command: z.string().min(1),
  args: z.array(z.string()).nullish(),
  env: z.array(z.looseObject({ name: z.string(), value: z.string() })).nullish(),
  installHint: z.string().nullish(),
})
type Plugin = z.infer<typeof pluginSchema>

const credentialSchema = z.looseObject({
  kind: z.literal('ExecCredential'),
  status: z.looseObject({
    expirationTimestamp: z.iso.datetime({ offset: true }).nullish(),
    token: z.string().nullish(),
    clientCertificateData: z.string().nullish(),
    clientKeyData: z.string().nullish(),
  }),
})
type Credential = z.infer<typeof credentialSchema>['status']

const known = new Map<string, Promise<Credential>>()

/**
 * Returns the kubeconfig as it is, or where its current user has a plugin, with the plugin's credentials in its place.
 * Rejects with API_UNREACHABLE. `limitMs`: how long the plugin may run.
 */
export async function withCredentials(config: KubeConfig, limitMs = LIMIT_MS): Promise<KubeConfig> {
  const user = config.getCurrentUser()
  const exec: unknown =
    user?.exec ?? (user?.authProvider as { config?: { exec?: unknown } } | null)?.config?.exec
  if (user === null || exec === undefined || exec === null) return config
  const { token, clientCertificateData: cert, clientKeyData: key } = await credentialOf(exec, limitMs)
  const own = {
    name: user.name,
    ...(token ? { token } : {}),
    ...(cert ? { certData: Buffer.from(cert).toString('base64') } : {}),
    ...(key ? { keyData: Buffer.from(key).toString('base64') } : {}),
  }
  const resolved = new KubeConfig()
  resolved.loadFromOptions({
    clusters: config.clusters,
    contexts: config.contexts,
    currentContext: config.currentContext,
    users: config.users.map((one) => (one.name === user.name ? own : one)),
  })
  return resolved
}

async function credentialOf(exec: unknown, limitMs: number): Promise<Credential> {
  const key = JSON.stringify(exec)
  const pending = known.get(key) ?? start(key, exec, limitMs)
  const credential = await pending
  if (!expires(credential)) return credential
  // Only the first client that notices starts the plugin again.
  if (known.get(key) === pending) known.delete(key)
  return known.get(key) ?? start(key, exec, limitMs)
}

function start(key: string, exec: unknown, limitMs: number): Promise<Credential> {
  const pending = runPlugin(exec, limitMs)
  known.set(key, pending)
  pending.catch(() => known.delete(key))
  return pending
}

const expires = ({ expirationTimestamp: at }: Credential): boolean =>
  at !== undefined && at !== null && Date.parse(at) < Date.now() + MARGIN_MS

async function runPlugin(exec: unknown, limitMs: number): Promise<Credential> {
  const parsed = pluginSchema.safeParse(exec)
  if (!parsed.success)
    throw failed('of the kubeconfig', 'is not valid', z.prettifyError(parsed.error).slice(0, 300))
  const plugin = parsed.data
  const info = { apiVersion: plugin.apiVersion, kind: 'ExecCredential', spec: { interactive: false } }
  const answer = await execa(plugin.command, plugin.args ?? [], {
    env: {
      ...Object.fromEntries((plugin.env ?? []).map(({ name, value }) => [name, value])),
      KUBERNETES_EXEC_INFO: JSON.stringify(info),
    },
    reject: false,
    stdin: 'ignore',
    timeout: limitMs,
    forceKillAfterDelay: 2000,
    killDescendants: true,
    maxBuffer: MOST_OUTPUT_BYTES,
  })
  if (answer.timedOut)
    throw failed(plugin.command, `did not end within ${limitMs / 1000} s`, 'no answer', plugin)
  if (answer.failed)
    throw failed(plugin.command, 'failed', (answer.stderr || answer.shortMessage || '').slice(-500), plugin)
  return credentialIn(answer.stdout, plugin)
}

function credentialIn(text: string, plugin: Plugin): Credential {
  try {
    return credentialSchema.parse(JSON.parse(text)).status
  } catch (cause) {
    // The text may be a secret.
    throw failed(
      plugin.command,
      'did not print an ExecCredential',
      `${text.length} characters`,
      plugin,
      cause,
    )
  }
}

const failed = (
  name: string,
  problem: string,
  found: string,
  plugin?: Plugin,
  cause?: unknown,
): ClaimcheckError =>
  new ClaimcheckError('API_UNREACHABLE', {
    subject: `credential plugin ${name}`,
    problem,
    found,
    hint:
      plugin?.installHint ??
      'Run the plugin of the context by hand, and correct the kubeconfig or log in again.',
    ...(cause === undefined ? {} : { cause }),
  })
