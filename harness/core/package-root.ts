/**
 * The folder of claimcheck itself, which holds `package.json`, `fixtures/` and `native/`: the clone, or the installed package,
 * whose JavaScript is in `dist/`.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export const PACKAGE_ROOT = rootAbove(import.meta.dirname)

/** The version of claimcheck. */
export const VERSION = (
  JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as { readonly version: string }
).version

function rootAbove(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : rootAbove(dirname(folder))
}
