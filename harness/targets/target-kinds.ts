/** The kinds of target. A new kind is a folder with a record and one line here. */
import type { Settings } from '../core/variables.ts'
import { clusterKind } from './cluster/cluster-kind.ts'
import { emulatedKind } from './emulated/emulated-kind.ts'
import { hostKind } from './host/host-kind.ts'
import { labKind } from './lab/lab-kind.ts'
import type { TargetKindRecord } from './target-kind.ts'
import type { TargetKind } from './target.ts'

export const TARGET_KINDS: Readonly<Record<TargetKind, TargetKindRecord>> = {
  emulated: emulatedKind,
  lab: labKind,
  cluster: clusterKind,
  host: hostKind,
}

/** The kind that CLAIMCHECK_TARGET names. */
export const targetKindOf = ({ target }: Settings): TargetKindRecord => TARGET_KINDS[target]
