/**
 * Before any test: checks the settings, loads the rack, builds and fetches what is native. Provides all of it to the
 * workers as plain data; for a lab, starts one unless it is up; on a
 * cluster, makes the run's Namespace; and after all tests takes away what it made. A mistake in a variable or file ends the run here, before anything is started.
 */
import type { TestProject } from 'vitest/node'
import { readSettings, type Settings } from '../core/variables.ts'
import type { NativeParts, Prepared } from '../target/open.ts'
import { loadSubject } from '../target/subject.ts'

declare module 'vitest' {
  interface ProvidedContext {
    settings: Settings
    prepared: Prepared | null
  }
}

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const settings = readSettings(process.env)
  const { rack } = loadSubject(settings)
  project.provide('settings', settings)
  if (settings.target === 'lab' && rack !== undefined) {
    const { beginLabRun } = await import('../target/lab/run.ts')
    const inLab = await beginLabRun(settings, rack, say)
    project.provide('prepared', inLab.run)
    return () => inLab.end()
  }
  if (settings.target !== 'cluster') {
    const needed = settings.target === 'emulated' && settings.runtime === 'process'
    project.provide('prepared', needed ? await prepareNative(settings) : null)
    return undefined
  }
  // Only now: no other target needs the Kubernetes client.
  const { beginRun, endRun } = await import('../target/cluster/run.ts')
  const run = await beginRun(settings, { prepareNative: () => prepareNative(settings), say })
  project.provide('prepared', run)
  return () => endRun(run)
}

const say = (line: string): void => void process.stderr.write(`claimcheck: ${line}\n`)

async function prepareNative(settings: Settings): Promise<NativeParts> {
  // Only now: the model runtime needs neither.
  const { provideBinaries } = await import('../native/build.ts')
  const { provideNixl } = await import('../native/nixl.ts')
  const [binaries, nixl] = await Promise.all([provideBinaries(say), provideNixl(settings.cacheDir, say)])
  return { binaries, nixl }
}
