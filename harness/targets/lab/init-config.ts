/** The configuration of a container's init, as `native/lab/init` reads it. Data only. */
import type { Route } from './layout.ts'

export interface InitConfig {
  readonly lab: string
  readonly node: string
  readonly role: 'control-plane' | 'worker'
  readonly files: readonly InitFile[]
  readonly routes: readonly Route[]
  /** In the order in which they are started; all at once where nothing is waited for. */
  readonly services: readonly InitService[]
}

export interface InitFile {
  readonly path: string
  readonly content: string
  readonly secret?: boolean
}

export interface InitService {
  readonly name: string
  readonly argv: readonly string[]
  readonly once?: boolean
  /** Services that run once and must have ended well. */
  readonly after?: readonly string[]
  /** `unix:/path` or `tcp:host:port`, what must accept connections first. */
  readonly waitFor?: string
}

export const INIT_CONFIG = '/etc/claimcheck/init.json'

/** A configuration file of a Kubernetes program: JSON is YAML. */
export const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`
