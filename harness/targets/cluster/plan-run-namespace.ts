/** Where a run that has no id yet would create its objects, for commands that print them. */
import { leaseManifest } from './run-lease.ts'
import { namespaceManifest, namespaceOf, runMetadata, type RunMetadata } from './run-namespace.ts'

const RUN = '<run>'

interface PlannedNamespace {
  readonly namespace: string
  readonly metadata: RunMetadata
  /** The object that the run creates first: its Namespace, or its Lease in an existing one. */
  readonly first: object
}

/** `now`: ms. */
export function planRunNamespace(existing: string | undefined, now: number): PlannedNamespace {
  if (existing === undefined) {
    const metadata = runMetadata(RUN, now)
    return { namespace: namespaceOf(RUN), metadata, first: namespaceManifest(RUN, metadata) }
  }
  const metadata = runMetadata(RUN, now, { kind: 'existing', name: existing, leaseUid: '<uid of the Lease>' })
  return { namespace: existing, metadata, first: leaseManifest(existing, RUN, now) }
}
