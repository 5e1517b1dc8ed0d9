/** The cluster target fulfils the contract, as far as a fake kubelet allows, on a real API server with a real scheduler. */
import { describe } from 'vitest'
import { fakeNodeCluster, createTarget } from '../cluster/fake-node-cluster.ts'
import { schedulingContract } from './scheduling-pods.ts'

const cluster = fakeNodeCluster()

describe('With a fake kubelet:', () => {
  schedulingContract(async () => createTarget(cluster))
})
