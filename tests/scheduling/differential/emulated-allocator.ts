/**
 * Runs a case through the emulated allocator, on all nodes or on some of them, and determines whether its allocation is
 * the only possible one.
 */
import { ClaimcheckError } from '../../../harness/core/errors.ts'
import { allocate, type Allocation } from '../../../harness/scheduling/allocate.ts'
import { NodeDevices } from '../../../harness/scheduling/node-devices.ts'
import { requestsOf } from '../../../harness/scheduling/device-request.ts'
import { search } from '../../../harness/scheduling/device-search.ts'
import { textOf, type Answer, type Case } from './test-case.ts'

/** Allocates on `nodes`, by default all nodes of the case. */
export function emulatedAnswer(one: Case, nodes = one.nodes): Answer {
  try {
    return answerOf(allocate({ ...one, nodes, allocated: heldIn(one) }))
  } catch (error) {
    if (!(error instanceof ClaimcheckError)) throw error
    if (error.code === 'CEL_INVALID') return { kind: 'refused', reason: error.message }
    if (error.code !== 'CLAIM_UNSATISFIABLE' && error.code !== 'CEL_RUNTIME') throw error
    return { kind: 'unsatisfiable', reason: error.message }
  }
}

/** Whether a case has exactly one allocation. False if the search is aborted before it has shown that. */
export function isUnique(one: Case): boolean {
  const requests = requestsOf(one.claims, one.classes)
  let found = 0
  try {
    for (const node of one.nodes) {
      search(requests, new NodeDevices(node, one.slices, heldIn(one)), { accept: () => ++found > 1 })
    }
  } catch (error) {
    if (error instanceof ClaimcheckError) return false
    throw error
  }
  return found === 1
}

const heldIn = ({ held }: Case) => held.map((device) => ({ ...device, holder: 'an earlier claim' }))

const answerOf = ({ node, claims }: Allocation): Answer => ({
  kind: 'allocated',
  node,
  devices: claims.map(({ name, results }) => ({ claim: name, devices: results.map(textOf) })),
})
