/** Provides ucx_perftest with CUDA, UCX's own benchmark, with which the GPU benchmark compares NIXL. */
import { join } from 'node:path'
import { provideWheel, type PinnedWheel } from './python-wheel.ts'

const WHEEL: PinnedWheel = {
  package: 'libucx-cu12',
  version: '1.22.0',
  title: 'libucx-cu12',
  tag: 'py3-none',
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
  files: /^libucx\/bin\/ucx_perftest$|^libucx\/lib\/lib(ucm|ucp|ucs|uct|ucs_signal)\.so\.0$|^libucx\/lib\/ucx\/.*\.so(\.0)?$|^libucx_cu12\.libs\//,
  folder: ({ sha256 }) => `libucx-cu12-1.22.0-${sha256.slice(0, 12)}`,
  error: 'NATIVE_BUILD_FAILED',
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

/** Downloads ucx_perftest once. Rejects with NATIVE_BUILD_FAILED. */
export async function providePerftest(cacheDir: string, say: (line: string) => void): Promise<Perftest> {
  return perftestIn(await provideWheel(WHEEL, cacheDir, say))
}
