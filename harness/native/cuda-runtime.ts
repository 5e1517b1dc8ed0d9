/**
 * CUDA's runtime library. The UCX in NIXL needs it for GPU memory, and no GPU driver installs it. It is copied beside NIXL's
 * libraries, where UCX's modules look first.
 */
import { access, copyFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { Nixl } from './nixl.ts'
import { findChange, recordFiles } from './recorded-files.ts'
import { provideWheel, type PinnedWheel } from './python-wheel.ts'

const LIBRARY = 'libcudart.so.12'

const WHEEL: PinnedWheel = {
  package: 'nvidia-cuda-runtime-cu12',
  version: '12.9.79',
  title: 'nvidia-cuda-runtime-cu12',
  tag: 'py3-none',
  builds: {
    x64: {
      platform: 'manylinux2014_x86_64',
      sha256: '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
    },
    arm64: {
      platform: 'manylinux2014_aarch64',
      sha256: '83469a846206f2a733db0c42e223589ab62fd2fabac4432d2f8802de4bded0a4',
    },
  },
  files: /lib\/libcudart\.so\.12$/,
  folder: ({ sha256 }) => `nvidia-cuda-runtime-cu12-12.9.79-${sha256.slice(0, 12)}`,
  error: 'NATIVE_BUILD_FAILED',
}

/** Resolves at once if the library is in place. Rejects with NATIVE_BUILD_FAILED. */
export async function provideCudaRuntime(nixl: Nixl, cacheDir: string, say: (line: string) => void): Promise<Nixl> {
  const path = join(nixl.folder, 'nixl_cu12.libs', LIBRARY)
  const record = `${path}.json`
  const exists = await access(record).then(() => true, () => false)
  if (exists && (await findChange(record)) === undefined) return nixl
  const folder = await provideWheel(WHEEL, cacheDir, say)
  const half = `${path}.${process.pid}`
  await copyFile(join(folder, 'nvidia/cuda_runtime/lib', LIBRARY), half)
  await rename(half, path)
  await recordFiles(record, [LIBRARY])
  return nixl
}
