/**
 * Who may do what in a lab. Takes its layout; gives certificates, tokens and kubeconfigs. Made anew for every lab, and
 * known to its containers and to the person who started it.
 */
import { randomBytes } from 'node:crypto'
import { API_PORT, SERVICE_API, type Layout } from './layout.ts'
import { createAuthority, createKeyPair, type Certificate } from './x509.ts'

export interface Credentials {
  readonly authority: string
  readonly api: Certificate
  /** By which the API server asks kubelets. */
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

export function createCredentials({ controlPlane, workers }: Layout): Credentials {
  const authority = createAuthority('claimcheck-lab')
  const user = (name: string, ...groups: string[]): User => ({
    name,
    groups,
    token: randomBytes(24).toString('hex'),
  })
  return {
    authority: authority.certificate,
    api: authority.server('kube-apiserver', [
      controlPlane,
      '127.0.0.1',
      SERVICE_API,
      'localhost',
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
    ]),
    toKubelet: authority.client('kube-apiserver-kubelet', ['system:masters']),
    serviceAccounts: createKeyPair(),
    users: [
      user(ADMIN, 'system:masters'),
      user(SCHEDULER),
      user(CONTROLLER_MANAGER),
      ...workers.flatMap(({ name }) => [
        user(kubeletOf(name), 'system:nodes'),
        // The drivers stand for cluster software that an administrator installs.
        user(driverOf(name), 'system:masters'),
      ]),
    ],
  }
}

/** The API server's token file. */
export const tokenFile = ({ users }: Credentials): string =>
  users
    .map(({ name, groups, token }) =>
      [token, name, name, ...(groups.length === 0 ? [] : [`"${groups.join(',')}"`])].join(','),
    )
    .join('\n') + '\n'

export function tokenOf({ users }: Credentials, name: string): string {
  const user = users.find((one) => one.name === name)
  if (user === undefined) throw new TypeError(`no user ${name}`)
  return user.token
}

/** A kubeconfig with one context, as JSON, which is YAML too. */
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
