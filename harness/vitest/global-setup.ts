/**
 * Before any test: checks the settings, loads the rack, builds and fetches what is native. Provides all of it to the
 * workers as plain data. A mistake in a variable or file ends the run here, before anything is started.
 */
import type { TestProject } from 'vitest/node'
import { readSettings, type Settings } from '../core/variables.ts'
import { carriedIn } from '../native/carried.ts'
import type { Prepared } from '../target/open.ts'
import { loadSubject } from '../target/subject.ts'

declare module 'vitest' {
  interface ProvidedContext {
    settings: Settings
    prepared: Prepared | null
  }
}

export default async function setup(project: TestProject): Promise<void> {
  const settings = readSettings(process.env)
  loadSubject(settings)
  project.provide('settings', settings)
  project.provide(
    'prepared',
    settings.target === 'host' || (settings.target === 'emulated' && settings.runtime === 'process')
      ? await prepare(settings)
      : null,
  )
}

async function prepare(settings: Settings): Promise<Prepared> {
  const carried = carriedIn()
  if (carried !== undefined) return carried
  // Only now: the model runtime needs neither.
  const { provideBinaries } = await import('../native/build.ts')
  const { provideNixl } = await import('../native/nixl.ts')
  const say = (line: string): void => void process.stderr.write(`claimcheck: ${line}\n`)
  const [binaries, nixl] = await Promise.all([provideBinaries(say), provideNixl(settings.cacheDir, say)])
  if (settings.target !== 'host') return { binaries, nixl }
  const { provideCudaRuntime } = await import('../native/cuda-runtime.ts')
  return { binaries, nixl: await provideCudaRuntime(nixl, settings.cacheDir, say) }
}
