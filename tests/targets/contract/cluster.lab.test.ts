/** The cluster target keeps the contract as far as pods on paper go: on a real API server with a real scheduler. */
import { describe } from 'vitest'
import { fakeNodeCluster, createTarget } from '../cluster/fake-node-cluster.ts'
import { schedulingContract } from './scheduling.ts'

const cluster = fakeNodeCluster()

describe('On paper:', () => {
  schedulingContract(async () => createTarget(cluster))
})
