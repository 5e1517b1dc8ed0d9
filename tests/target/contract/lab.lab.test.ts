/** Real Kubernetes keeps the contract, in a lab. */
import { afterAll, describe, inject } from 'vitest'
import { removeNamespace, namespaceOf, newRunId } from '../../../harness/target/cluster/run-namespace.ts'
import { openClient } from '../../../harness/target/cluster/run.ts'
import { seconds } from '../../../harness/core/units.ts'
import type { SharedLab } from '../../support/lab-setup.ts'
import { labTarget } from '../../support/lab-target.ts'
import { runningContract } from './running.ts'
import { schedulingContract } from './scheduling.ts'

/** One for all tests: a Namespace takes seconds to go. */
const runId = newRunId()
// As if it were hardware: nothing is scaled.
const open = () => labTarget({ emulation: undefined, runId, namespaceLives: 'run' })

describe('The lab:', () => {
  schedulingContract(open)
  runningContract(open, { programs: true })

  afterAll(async () => {
    const { kubeconfig, context }: SharedLab = inject('lab')
    const client = openClient({ kubeconfig: [kubeconfig], context })
    await removeNamespace(client, namespaceOf(runId), { within: seconds(60) })
  })
})
