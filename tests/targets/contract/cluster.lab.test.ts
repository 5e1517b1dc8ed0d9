/** The cluster target keeps the contract as far as pods on paper go: on a real API server with a real scheduler. */
import { describe } from 'vitest'
import { paperCluster, unclosed } from '../cluster/paper-cluster.ts'
import { schedulingContract } from './scheduling.ts'

const cluster = paperCluster()

describe('On paper:', () => {
  schedulingContract(async () => unclosed(cluster))
})
