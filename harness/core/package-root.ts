/**
 * The folder of claimcheck itself, which holds `package.json`, `fixtures/` and `native/`: the clone, or the installed package,
 * whose JavaScript is in `dist/`.
 */
import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { dirname } from 'node:path'

const MANIFEST = findPackageJSON(import.meta.url)
if (MANIFEST === undefined) throw new TypeError(`no package.json above ${import.meta.filename}`)

export const PACKAGE_ROOT = dirname(MANIFEST)

/** The version of claimcheck. */
export const VERSION = (JSON.parse(readFileSync(MANIFEST, 'utf8')) as { readonly version: string }).version
