/** Real Kubernetes keeps the contract, in a lab. */
import { beforeEach, describe, inject } from 'vitest'
import { Journal } from '../../../harness/core/journal.ts'
import { ClusterTarget } from '../../../harness/target/cluster/cluster-target.ts'
import { newRunId } from '../../../harness/target/cluster/run-namespace.ts'
import { TRANSFER_IMAGE } from '../../../harness/target/lab/image/workload.ts'
import type { Target } from '../../../harness/target/target.ts'
import { runningContract } from './running.ts'
import { schedulingContract } from './scheduling.ts'

const lab = inject('lab')

describe('The lab:', () => {
  beforeEach(({ skip }) => {
    if ('unavailable' in lab) skip(lab.unavailable)
  })
  schedulingContract(open)
  runningContract(open, { programs: true })
})

async function open(): Promise<Target> {
  if ('unavailable' in lab) throw new Error(lab.unavailable)
  return new ClusterTarget({
    kind: 'lab',
    connection: { kubeconfig: [lab.kubeconfig], context: lab.context },
    delivery: { kind: 'image', image: TRANSFER_IMAGE },
    resources: { cpu: '10m', memory: '1Gi' },
    nodes: lab.nodes,
    runId: newRunId(),
    namespaceLives: 'target',
    journal: new Journal(),
  })
}
