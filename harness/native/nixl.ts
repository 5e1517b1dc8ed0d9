/** The real NIXL library: the libraries of one pinned wheel from PyPI, unpacked into the cache folder. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type PinnedWheel, provideWheel } from './python-wheel.ts'

/** The library with NIXL's C API, in the unpacked wheel. */
const CAPI = '.nixl_cu12.mesonpy.libs/libnixl_capi.so'

const WHEEL: PinnedWheel = {
  package: 'nixl-cu12',
  version: '1.5.1',
  title: 'NIXL',
  tag: 'cp311-cp311',
  size: 'about 68 MB',
  builds: {
    x64: {
      platform: 'manylinux_2_28_x86_64',
      sha256: '341d0dfa499f941c054614252f1d8047d1380e33f29c87707372ff5ec7d3779a',
    },
    arm64: {
      platform: 'manylinux_2_28_aarch64',
      sha256: 'aced5529cc9781f8be1ee22e451c852630455460c1812b06cc863b05d797f2db',
    },
  },
  /** The libraries without the Python code around them. */
  files: /\.libs\/.*\.so/,
  folder: ({ platform }) => `nixl-1.5.1-${platform}`,
  error: 'NIXL_UNAVAILABLE',
}

export interface Nixl {
  /** The folder with all files that a pod needs. */
  readonly folder: string
  /** The library with NIXL's C API. */
  readonly capi: string
}

/**
 * Resolves at once if NIXL is cached. Rejects with NIXL_UNAVAILABLE. `say` receives a line before each slow step. `given`
 * (CLAIMCHECK_NIXL): the wheel, a folder that holds it, or a folder with its unpacked libraries, which are used as they are.
 */
export async function provideNixl(
  cacheDir: string,
  say: (line: string) => void,
  given?: string,
): Promise<Nixl> {
  if (given !== undefined && existsSync(join(given, CAPI))) return nixlIn(resolve(given))
  return nixlIn(await provideWheel(WHEEL, cacheDir, say, given))
}

const nixlIn = (folder: string): Nixl => ({ folder, capi: join(folder, CAPI) })
