/**
 * Creates the certificates, tokens and kubeconfigs of a lab. Every lab has its own; only its containers and the user who
 * started it can read them.
 */
import { randomBytes } from 'node:crypto'
import { API_PORT, SERVICE_API, type Layout } from './layout.ts'
import { createAuthority, createKeyPair, type Certificate } from './x509.ts'

export interface Credentials {
  readonly authority: string
  readonly api: Certificate
  /** The client certificate that the API server presents to kubelets. */
  readonly toKubelet: Certificate
  readonly serviceAccounts: { readonly privateKey: string; readonly publicKey: string }
  readonly users: readonly User[]
}

interface User {
  readonly name: string
  readonly groups: readonly string[]
  readonly token: string
}

export const ADMIN = 'claimcheck-admin'
export const SCHEDULER = 'system:kube-scheduler'
export const CONTROLLER_MANAGER = 'system:kube-controller-manager'
export const kubeletOf = (node: string): string => `system:node:${node}`
export const driverOf = (node: string): string => `claimcheck-driver:${node}`

export async function createCredentials({ controlPlane, workers }: Layout): Promise<Credentials> {
  const authority = await createAuthority('claimcheck-lab')
  const user = (name: string, ...groups: string[]): User => ({
    name,
    groups,
    token: randomBytes(24).toString('hex'),
  })
  return {
    authority: authority.certificate,
    api: await authority.server('kube-apiserver', [
      controlPlane,
      '127.0.0.1',
      SERVICE_API,
      'localhost',
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
    ]),
    toKubelet: await authority.client('kube-apiserver-kubelet', ['system:masters']),
    serviceAccounts: createKeyPair(),
    users: [
      user(ADMIN, 'system:masters'),
      user(SCHEDULER),
      user(CONTROLLER_MANAGER),
      ...workers.flatMap(({ name }) => [
        user(kubeletOf(name), 'system:nodes'),
        // The emulated drivers have the rights of software that a cluster administrator installs.
        user(driverOf(name), 'system:masters'),
      ]),
    ],
  }
}

/** Returns the static token file of the API server (`--token-auth-file`). */
export const tokenFile = ({ users }: Credentials): string =>
  users
    .map(({ name, groups, token }) =>
      [token, name, name, ...(groups.length === 0 ? [] : [`"${groups.join(',')}"`])].join(','),
    )
    .join('\n') + '\n'

function tokenOf({ users }: Credentials, name: string): string {
  const user = users.find((one) => one.name === name)
  if (user === undefined) throw new TypeError(`no user ${name}`)
  return user.token
}

/** Returns a kubeconfig with one context, as JSON, which is also YAML. */
export function kubeconfig(credentials: Credentials, user: string, server: string, context = 'lab'): string {
  const base64 = Buffer.from(credentials.authority).toString('base64')
  return `${JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: context, cluster: { server, 'certificate-authority-data': base64 } }],
      users: [{ name: user, user: { token: tokenOf(credentials, user) } }],
      contexts: [{ name: context, context: { cluster: context, user } }],
      'current-context': context,
    },
    undefined,
    2,
  )}\n`
}

export const serverOf = (address: string): string => `https://${address}:${API_PORT}`
