/** Opens the target that the settings name. Takes settings and prepared parts; gives a Target or says what is missing. */
import { ClaimcheckError } from '../core/errors.ts'
import type { Journal } from '../core/journal.ts'
import type { Settings } from '../core/variables.ts'
import type { Binaries } from '../native/build-binaries.ts'
import type { Nixl } from '../native/nixl.ts'
import type { Rack } from '../rack/rack.ts'
import type { ClusterRun } from './cluster/cluster-target.ts'
import { EmulatedTarget } from './emulated/emulated-target.ts'
import { ModelRuntime } from './emulated/model/model-runtime.ts'
import type { SystemUnderTest } from './system-under-test.ts'
import type { Target } from './target.ts'

/** What was built and fetched before any test began; absent for the model runtime. */
export interface NativeParts {
  readonly binaries: Binaries
  readonly nixl: Nixl
}

/** Plain data: it is made in one process and used in others. */
export type Prepared = NativeParts | ClusterRun

/** Rejects with TARGET_UNAVAILABLE, or with what the target itself lacks. */
export async function openTarget(
  settings: Settings,
  { rack }: SystemUnderTest,
  prepared: Prepared | undefined,
  journal: Journal,
): Promise<Target> {
  if (prepared !== undefined && 'connection' in prepared) {
    // Only now: the Kubernetes client takes half a second to load.
    const { ClusterTarget } = await import('./cluster/cluster-target.ts')
    return new ClusterTarget({ ...prepared, journal })
  }
  if (settings.target === 'host') return openHost(prepared, journal)
  if (settings.target === 'emulated' && rack !== undefined)
    return openEmulated(settings, rack, prepared, journal)
  throw new ClaimcheckError('TARGET_UNAVAILABLE', {
    subject: `CLAIMCHECK_TARGET=${settings.target}`,
    problem: 'is not part of this version',
    expected: 'emulated, lab, cluster or host',
    hint: 'Unset CLAIMCHECK_TARGET.',
  })
}

async function openEmulated(
  { runtime: kind }: Settings,
  rack: Rack,
  prepared: NativeParts | undefined,
  journal: Journal,
): Promise<Target> {
  if (kind === 'model') return new EmulatedTarget({ rack, runtime: new ModelRuntime(rack), kind, journal })
  if (prepared === undefined) throw new TypeError('the process runtime needs the native binaries and NIXL')
  // Only now: it brings what runs processes, a tenth of a second that the model runtime need not wait for.
  const { ProcessRuntime } = await import('./emulated/process/process-runtime.ts')
  const runtime = await ProcessRuntime.open({ rack, journal, ...prepared })
  return new EmulatedTarget({ rack, runtime, kind, journal })
}

async function openHost(prepared: NativeParts | undefined, journal: Journal): Promise<Target> {
  if (prepared === undefined) throw new TypeError('the host target needs the native binaries and NIXL')
  const { HostTarget } = await import('./host/host-target.ts')
  return HostTarget.open({
    transfer: prepared.binaries.transfer,
    nixl: prepared.nixl,
    journal,
    env: process.env,
  })
}
