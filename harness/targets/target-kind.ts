/**
 * The interface of a kind of target for the runner and the command line. Each kind is one record in its own folder, listed
 * in `target-kinds.ts`. A record loads the code of its target only when a function needs it.
 */
import type { Journal } from '../core/journal.ts'
import type { Settings } from '../core/variables.ts'
import type { DeviceClass, ResourceSlice } from '../dra/objects.ts'
import type { NativeParts } from '../native/native-parts.ts'
import type { Rack } from '../rack/rack.ts'
import type { Sku } from '../sku/sku.ts'
import type { ClusterRun } from './cluster/cluster-run.ts'
import type { ObjectClient } from './cluster/object-client.ts'
import type { SystemUnderTest } from './files-under-test.ts'
import type { StaleResource } from './stale-resource.ts'
import type { Target, TargetKind } from './target.ts'

/** What a run prepares before its first test, as plain data that workers receive; null where nothing is needed. */
export type Prepared = NativeParts | ClusterRun | null

interface Preparation {
  readonly prepared: Prepared
  /** Removes everything that exists for the duration of the run. Called after all tests. */
  readonly end: () => Promise<void>
}

export interface OpenParts {
  readonly settings: Settings
  readonly system: SystemUnderTest
  readonly prepared: Prepared
  readonly journal: Journal
}

/** The published devices of a target, read without running a pod. */
export interface Inspection {
  /** `rack h100-2node`, `context prod`. */
  readonly place: string
  readonly slices: readonly ResourceSlice[]
  readonly classes: readonly DeviceClass[]
  /** Nodes on which pods would run. */
  readonly nodes: readonly string[]
  /** Undefined if the hardware is real and the settings name no profile. */
  readonly sku: Sku | undefined
  /** Undefined if the hardware is real. */
  readonly rack: Rack | undefined
  /** Undefined if the target has no API server. */
  readonly client: ObjectClient | undefined
}

export interface ProbeTarget {
  readonly target: Target
  /** Closes the target and removes what it created. */
  readonly end: () => Promise<void>
}

export interface TargetKindRecord {
  readonly kind: TargetKind
  /** Whether the devices are those of a rack file instead of real hardware. */
  readonly isEmulated: boolean
  /** Reads and checks the files that the settings name. Throws VARIABLE_INVALID or an error of the file. */
  loadSystemUnderTest(settings: Settings): SystemUnderTest
  /**
   * Returns the settings with what the target finds out by itself, such as the profile of this machine. Rejects where the target
   * lacks what every test needs, so that a run says it once. `known` are the paths of profiles whose reference values may fit.
   */
  readonly completeSettings?: (
    settings: Settings,
    known: readonly string[],
    say: (line: string) => void,
  ) => Promise<Settings>
  /** Prepares a run. If it rejects, nothing is left behind. */
  prepare(settings: Settings, system: SystemUnderTest, say: (line: string) => void): Promise<Preparation>
  /** Opens a target for one test file, which closes it. */
  open(parts: OpenParts): Promise<Target>
  /** Reads the published devices and creates nothing. Rejects without a context, a reachable server, a permission or a lab. */
  inspect(settings: Settings): Promise<Inspection>
  /** Opens a target that can probe its nodes, without a SKU profile. Absent where `readProfile` reads the machine itself. */
  readonly openForProbes?: (settings: Settings, say: (line: string) => void) => Promise<ProbeTarget>
  /** The objects that a probe of `node` creates, for `--dry-run`. Absent where a probe creates no objects. */
  readonly probeManifests?: (settings: Settings, node: string) => Promise<readonly object[]>
  /**
   * Returns the SKU profile of the hardware as text, for a target that reads it from the machine itself. Absent: a profile
   * is created from the slices of `inspect`. `known` are the paths of profiles whose reference values may fit.
   */
  readonly readProfile?: (known: readonly string[]) => Promise<string>
  /** Finds what earlier runs left outside this machine. `now` is in milliseconds since the epoch. Absent: nothing can be. */
  readonly findStaleResources?: (settings: Settings, now: number) => Promise<readonly StaleResource[]>
}
