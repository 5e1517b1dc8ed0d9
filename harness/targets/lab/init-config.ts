/** The configuration of a container's init process, which `native/lab/init` reads. */
import type { Route } from './layout.ts'

export interface InitConfig {
  readonly lab: string
  readonly node: string
  readonly role: 'control-plane' | 'worker'
  readonly files: readonly InitFile[]
  readonly routes: readonly Route[]
  /** Started in this order, without delay unless `after` or `waitFor` is set. */
  readonly services: readonly InitService[]
}

interface InitFile {
  readonly path: string
  readonly content: string
  readonly secret?: boolean
}

export interface InitService {
  readonly name: string
  readonly argv: readonly string[]
  readonly once?: boolean
  /** Services with `once` that must have succeeded before. */
  readonly after?: readonly string[]
  /** `unix:/path` or `tcp:host:port`: an endpoint that must accept connections before. */
  readonly waitFor?: string
}

export const INIT_CONFIG = '/etc/claimcheck/init.json'

/** Formats a configuration file as JSON, which is also YAML. */
export const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`
