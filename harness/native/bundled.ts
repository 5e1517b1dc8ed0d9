/**
 * The binaries and libraries of a packed archive, which are used instead of being built and downloaded.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { PACKAGE_ROOT } from '../core/package-root.ts'
import type { Binaries } from './binaries.ts'
import type { Nixl } from './nixl.ts'
import { perftestIn, type Perftest } from './ucx-perftest.ts'

/** Only an unpacked archive has this folder. */
export const BUNDLE_FOLDER = 'bundled'
export const NIXL_CAPI = '.nixl_cu12.mesonpy.libs/libnixl_capi.so'

export interface Bundle {
  readonly binaries: Binaries
  readonly nixl: Nixl
  readonly perftest: Perftest
}

export function findBundle(project: string = PACKAGE_ROOT): Bundle | undefined {
  const folder = join(project, BUNDLE_FOLDER)
  if (!existsSync(folder)) return undefined
  const nixl = join(folder, 'nixl')
  return {
    binaries: { transfer: join(folder, 'bin/claimcheck-transfer'), node: join(folder, 'bin/claimcheck-node') },
    nixl: { folder: nixl, capi: join(nixl, NIXL_CAPI) },
    perftest: perftestIn(join(folder, 'perftest')),
  }
}
