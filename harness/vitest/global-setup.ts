/**
 * Before any test: checks settings and files, then prepares the target: native parts, a lab, the run's Namespace on a
 * cluster. Provides all of it to the workers as plain data, and takes away after the tests what lasts as long as the run.
 * A mistake in a variable or file ends the run here, before anything is started.
 */
import type { TestProject } from 'vitest/node'
import { readSettings, type Settings } from '../core/variables.ts'
import { findBundle } from '../native/bundled.ts'
import { loadWaivers, type Waiver } from '../expect/waiver.ts'
import type { NativeParts, Prepared } from '../targets/open-target.ts'
import { loadSystemUnderTest, type SystemUnderTest } from '../targets/system-under-test.ts'

declare module 'vitest' {
  interface ProvidedContext {
    settings: Settings
    waivers: readonly Waiver[]
    prepared: Prepared | null
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const settings = readSettings(process.env)
  const subject = loadSystemUnderTest(settings)
  project.provide('settings', settings)
  project.provide('waivers', settings.waivers === undefined ? [] : loadWaivers(settings.waivers, new Date()))
  const { prepared, end } = await prepare(settings, subject)
  project.provide('prepared', prepared)
  return end
}

interface Preparation {
  readonly prepared: Prepared | null
  /** After all tests. */
  readonly end: () => Promise<void>
}

const nothing = async (): Promise<void> => undefined

/** What each target needs is loaded only for it: a Kubernetes client takes half a second. */
async function prepare(settings: Settings, { rack }: SystemUnderTest): Promise<Preparation> {
  if (settings.target === 'cluster') {
    const { beginClusterRun, endRun } = await import('../targets/cluster/cluster-run.ts')
    const run = await beginClusterRun(settings, { prepareNative: () => prepareNative(settings), say })
    return { prepared: run, end: () => endRun(run) }
  }
  if (settings.target === 'lab' && rack !== undefined) {
    const { beginLabRun } = await import('../targets/lab/lab-run.ts')
    const { run, end } = await beginLabRun(settings, rack, say)
    return { prepared: run, end }
  }
  const needed =
    settings.target === 'host' || (settings.target === 'emulated' && settings.runtime === 'process')
  return { prepared: needed ? await prepareNative(settings) : null, end: nothing }
}

const say = (line: string): void => void process.stderr.write(`claimcheck: ${line}\n`)

async function prepareNative(settings: Settings): Promise<NativeParts> {
  const bundle = findBundle()
  if (bundle !== undefined) return bundle
  // Only now: the model runtime needs neither.
  const { provideBinaries } = await import('../native/build-binaries.ts')
  const { provideNixl } = await import('../native/nixl.ts')
  const [binaries, nixl] = await Promise.all([provideBinaries(say), provideNixl(settings.cacheDir, say)])
  if (settings.target === 'emulated') return { binaries, nixl }
  const { provideCudaRuntime } = await import('../native/cuda-runtime.ts')
  return { binaries, nixl: await provideCudaRuntime(nixl, settings.cacheDir, say) }
}
