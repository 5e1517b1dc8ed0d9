/**
 * The settings of pip that say where packages come from: its environment variables, then its configuration files. Proxies and
 * certificates that only npm's configuration names are used as well, since npx passes them on.
 */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import ini from 'ini'
import { z } from 'zod'
import { ClaimcheckError } from '../core/errors.ts'
import { readTextFile } from '../core/input-file.ts'

const PYPI = 'https://pypi.org/simple'

export interface PackageIndex {
  /** URLs of simple indexes, in the order in which they are asked. Empty with `no-index`. */
  readonly urls: readonly string[]
  /** Folders that may hold the file itself. */
  readonly folders: readonly string[]
  readonly proxy: string | undefined
  /** A file of PEM certificates that servers are verified with, besides those that Node trusts. */
  readonly certificates: string | undefined
  /** Milliseconds without a byte after which a request has failed. */
  readonly timeoutMs: number
}

type Environment = Readonly<Record<string, string | undefined>>
type Section = Readonly<Record<string, unknown>>

const text = z.union([z.string(), z.array(z.string()).transform((lines) => lines.join(' '))])

/** Throws FILE_UNREADABLE if PIP_CONFIG_FILE names a file that cannot be read. */
export function readPackageIndex(env: Environment): PackageIndex {
  const sections = configurationFiles(env).flatMap(sectionsOf)
  const setting = (name: string): string | undefined =>
    env[`PIP_${name.toUpperCase().replaceAll('-', '_')}`] ??
    sections.map((section) => text.safeParse(section[name]).data).findLast((value) => value !== undefined)
  const words = (name: string): readonly string[] => (setting(name) ?? '').split(/\s+/).filter(Boolean)
  const isOffline = ['1', 'true', 'yes', 'on'].includes((setting('no-index') ?? '').toLowerCase())
  const timeout = Number(setting('timeout') ?? setting('default-timeout') ?? 15)
  return {
    urls: isOffline ? [] : [setting('index-url') ?? PYPI, ...words('extra-index-url')],
    folders: words('find-links').map((link) => link.replace(/^file:\/\//, '')),
    proxy: setting('proxy') ?? env['npm_config_https_proxy'] ?? env['npm_config_proxy'],
    certificates: setting('cert') ?? env['npm_config_cafile'],
    timeoutMs: (timeout > 0 ? timeout : 15) * 1000,
  }
}

/** The files that pip reads on Linux; a later one takes precedence. */
function configurationFiles(env: Environment): readonly string[] {
  const named = env['PIP_CONFIG_FILE']
  if (named === '/dev/null') return []
  const home = env['HOME'] ?? homedir()
  const global = (env['XDG_CONFIG_DIRS'] ?? '/etc/xdg').split(delimiter).map((folder) => join(folder, 'pip'))
  const user = env['XDG_CONFIG_HOME'] ?? join(home, '.config')
  const venv = env['VIRTUAL_ENV']
  const usual = [
    ...global.map((folder) => join(folder, 'pip.conf')),
    '/etc/pip.conf',
    join(home, '.pip', 'pip.conf'),
    join(user, 'pip', 'pip.conf'),
    ...(venv === undefined ? [] : [join(venv, 'pip.conf')]),
  ]
  return [...usual.filter((path) => existsSync(path)), ...(named === undefined ? [] : [named])]
}

/** `[download]` takes precedence over `[global]`, since a wheel is downloaded. */
function sectionsOf(path: string): readonly Section[] {
  // A value may go on over several lines that are indented, which `ini` does not read.
  const lines = readTextFile(path).replace(/\n[ \t]+(?=\S)/g, ' ')
  const parsed: unknown = ini.parse(lines)
  const section = z.record(z.string(), z.unknown())
  const found = z.looseObject({ global: section.optional(), download: section.optional() }).safeParse(parsed)
  if (!found.success)
    throw new ClaimcheckError('FILE_INVALID', {
      subject: path,
      problem: "is not a configuration file of pip",
      hint: 'Repair it, or set PIP_CONFIG_FILE=/dev/null to use the default settings.',
    })
  return [found.data.global ?? {}, found.data.download ?? {}]
}
