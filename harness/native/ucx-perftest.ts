/** UCX's own benchmark with CUDA, for the bench on GPUs. Takes the cache folder; gives the program and its libraries. */
import { join } from 'node:path'
import { provideWheel, type PinnedWheel } from './python-wheel.ts'

const WHEEL: PinnedWheel = {
  package: 'libucx-cu12',
  version: '1.22.0',
  builds: {
    x64: {
      platform: 'manylinux_2_28_x86_64',
      sha256: '5cbbef0c140a0a158ae3486089af659b38822b2234cd3dc90ba40a5e6553402a',
    },
    arm64: {
      platform: 'manylinux_2_28_aarch64',
      sha256: '269aa884c3f83ced2ffb5f7704fb3a2da56d9402431222ddbe2901c1ae4fb227',
    },
  },
  files: String.raw`^libucx/bin/ucx_perftest$|^libucx/lib/lib(ucm|ucp|ucs|uct|ucs_signal)\.so\.0$|^libucx/lib/ucx/.*\.so(\.0)?$|^libucx_cu12\.libs/`,
}

export interface Perftest {
  readonly folder: string
  readonly program: string
  readonly libraries: string
}

export const perftestIn = (folder: string): Perftest => ({
  folder,
  program: join(folder, 'libucx/bin/ucx_perftest'),
  libraries: join(folder, 'libucx/lib'),
})

/** Rejects with NATIVE_BUILD_FAILED. */
export async function providePerftest(cacheDir: string, say: (line: string) => void): Promise<Perftest> {
  return perftestIn(await provideWheel(WHEEL, cacheDir, say))
}
