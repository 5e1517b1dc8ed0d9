/** The native programs and libraries that pods on this machine or in a stock container image need. */
import type { Binaries } from './binaries.ts'
import { provideBinaries } from './build-binaries.ts'
import { findBundle } from './bundled.ts'
import { provideCudaRuntime } from './cuda-runtime.ts'
import { provideNixl, type Nixl } from './nixl.ts'

export interface NativeParts {
  readonly binaries: Binaries
  readonly nixl: Nixl
}

export interface NativeOptions {
  readonly cacheDir: string
  /** CLAIMCHECK_NIXL. */
  readonly nixl: string | undefined
  /** Whether pods use real GPUs. */
  readonly cuda: boolean
  readonly say: (line: string) => void
}

/** Builds and downloads what is missing, unless this installation bundles it. */
export async function provideNativeParts({
  cacheDir,
  nixl: given,
  cuda,
  say,
}: NativeOptions): Promise<NativeParts> {
  const bundle = findBundle()
  if (bundle !== undefined) return bundle
  const [binaries, nixl] = await Promise.all([provideBinaries(say), provideNixl(cacheDir, say, given)])
  return { binaries, nixl: cuda ? await provideCudaRuntime(nixl, cacheDir, say) : nixl }
}
