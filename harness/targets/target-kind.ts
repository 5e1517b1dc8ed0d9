/**
 * What a kind of target offers to the runner and the command line. Each kind is one record in its own folder, listed in
 * `target-kinds.ts`. A record loads the code of its target only when a function needs it.
 */
import type { Journal } from '../core/journal.ts'
import type { Settings } from '../core/variables.ts'
import type { DeviceClass, ResourceSlice } from '../dra/objects.ts'
import type { NativeParts } from '../native/native-parts.ts'
import type { Rack } from '../rack/rack.ts'
import type { Sku } from '../sku/sku.ts'
import type { ClusterRun } from './cluster/cluster-target.ts'
import type { ObjectClient } from './cluster/object-client.ts'
import type { SystemUnderTest } from './files-under-test.ts'
import type { Target, TargetKind } from './target.ts'

/** What a run prepares before its first test, as plain data that workers receive; null where nothing is needed. */
export type Prepared = NativeParts | ClusterRun | null

interface Preparation {
  readonly prepared: Prepared
  /** Removes what lasts as long as the run. Called after all tests. */
  readonly end: () => Promise<void>
}

export interface OpenParts {
  readonly settings: Settings
  readonly system: SystemUnderTest
  readonly prepared: Prepared
  readonly journal: Journal
}

/** What a target publishes, read without running a pod. */
export interface Inspection {
  /** `rack h100-2node`, `context prod`. */
  readonly place: string
  readonly slices: readonly ResourceSlice[]
  readonly classes: readonly DeviceClass[]
  /** Nodes on which pods would run. */
  readonly nodes: readonly string[]
  /** Undefined where the hardware is real and the settings name no profile. */
  readonly sku: Sku | undefined
  /** Undefined where the hardware is real. */
  readonly rack: Rack | undefined
  /** Undefined where there is no API server. */
  readonly client: ObjectClient | undefined
}

export interface ProbeTarget {
  readonly target: Target
  /** Closes the target and removes what it created. */
  readonly end: () => Promise<void>
}

export interface TargetKindRecord {
  readonly kind: TargetKind
  /** Whether a rack file stands in for the hardware. */
  readonly isEmulated: boolean
  /** Reads and checks the files that the settings name. Throws VARIABLE_INVALID or an error of the file. */
  loadSystemUnderTest(settings: Settings): SystemUnderTest
  /** Rejects with what keeps the run from beginning; then nothing is left behind. */
  prepare(settings: Settings, system: SystemUnderTest, say: (line: string) => void): Promise<Preparation>
  /** Opens a target for one test file, which closes it. */
  open(parts: OpenParts): Promise<Target>
  /** Makes nothing. Rejects with what keeps it from reading: no context, no answer, a missing right, no lab. */
  inspect(settings: Settings): Promise<Inspection>
  /** Opens a target that can probe its nodes, without a SKU profile. Absent where `readProfile` reads the machine itself. */
  readonly openForProbes?: (settings: Settings, say: (line: string) => void) => Promise<ProbeTarget>
  /** The objects that a probe of `node` creates, for `--dry-run`. Absent where a probe creates no objects. */
  readonly probeManifests?: (settings: Settings, node: string) => Promise<readonly object[]>
  /**
   * Prints the SKU profile of the hardware, where it is read from the machine itself. Absent: a profile is made from the
   * slices of `inspect`. `known` are the paths of profiles whose reference values may fit.
   */
  readonly readProfile?: (known: readonly string[]) => Promise<string>
}
