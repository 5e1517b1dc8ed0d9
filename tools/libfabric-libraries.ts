/**
 * What the tests of NIXL's LIBFABRIC backend run with, all from PyPI. The plugin of the pinned NIXL 1.5.1 needs symbols of
 * libfabric 2.7, which no package has yet; that of 1.5.0 needs those of libfabric 1.21. MPICH's wheel has libfabric, and that of
 * Intel's Thread Composability Manager has hwloc.
 */
import { dirname, join } from 'node:path'
import { globSync } from 'node:fs'
import { provideCudaRuntime } from '../harness/native/cuda-runtime.ts'
import { provideWheel, type PinnedWheel } from '../harness/native/python-wheel.ts'

type Library = Pick<PinnedWheel, 'package' | 'version' | 'tag' | 'files'> & { readonly sha256: string }

const NIXL: Library = {
  package: 'nixl-cu12',
  version: '1.5.0',
  tag: 'cp311-cp311',
  sha256: '7c7f1bd9466cdec6464c481cd761c5137aa088ffb5882f1e71ac78cbcced6858',
  files: /\.libs\/.*\.so|\.dist-info\/METADATA$/,
}
const LIBFABRIC: Library = {
  package: 'mpich',
  version: '5.0.2',
  tag: 'py3-none',
  sha256: '8fed465ebff269ea2ebac179a25de02671ddf8df476e0f115be089015015cfd4',
  files: /\/libfabric\.so\.1$/,
}
const HWLOC: Library = {
  package: 'tcmlib',
  version: '1.6.0',
  tag: 'py2.py3-none',
  sha256: '46c2491988bfd18c4733eeb08aca6a386706a497b92cc51d155f37ddea003c14',
  files: /\/libhwloc\.so\.15$/,
}

/** NIXL's C library, and the folders of the other libraries, separated by colons. */
export interface LibfabricEnvironment {
  readonly LIBFABRIC_NIXL_CAPI_LIB: string
  readonly LIBFABRIC_LIBRARY_PATH: string
}

/** The environment of the tests. Rejects with NIXL_UNAVAILABLE where a wheel cannot be downloaded or is for another processor. */
export async function libfabricEnvironment(
  cacheDir: string,
  say: (line: string) => void,
): Promise<LibfabricEnvironment> {
  const provide = ({ sha256, ...library }: Library): Promise<string> =>
    provideWheel(
      {
        ...library,
        title: library.package,
        builds: { x64: { platform: 'manylinux_2_28_x86_64', sha256 } },
        folder: () => `${library.package}-${library.version}-${sha256.slice(0, 12)}`,
        error: 'NIXL_UNAVAILABLE',
      },
      cacheDir,
      say,
    )
  const folder = await provide(NIXL)
  const capi = join(folder, '.nixl_cu12.mesonpy.libs/libnixl_capi.so')
  await provideCudaRuntime({ folder, capi }, cacheDir, say)
  const libraries = [await provide(LIBFABRIC), await provide(HWLOC)].flatMap((cwd) =>
    globSync('**/*.so.*', { cwd }).map((file) => dirname(join(cwd, file))),
  )
  return { LIBFABRIC_NIXL_CAPI_LIB: capi, LIBFABRIC_LIBRARY_PATH: libraries.join(':') }
}
