/** The faults of the rack file are in the pod plan that the runtime receives. */
import { expect, test } from 'vitest'
import { dranet, dranetDeviceName } from '../../harness/vendors/dranet.ts'
import { planPod } from '../../harness/emulation/pod-plan.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { rackFile } from '../support/rack-file.ts'

function plannedNic(fault: string) {
  const rack = loadRack(rackFile({ faults: [fault] }))
  const [nic] = rack.sku.nics
  if (nic === undefined) throw new Error('the rack has NICs')
  const pod = { name: 'pod', node: 'node-a', address: '10.244.0.10', containers: [] }
  const device = {
    request: 'nic',
    driver: dranet.driver,
    pool: 'node-a',
    device: dranetDeviceName(nic),
  }
  return planPod(rack, pod, [device]).nics[0]
}

test.for([
  ['{ kind: throttle, node: node-a, nic: mlx5_0, fraction: 0.5, after: 1 s }', 'rateSchedule'],
  ['{ kind: packet-loss, node: node-a, nic: mlx5_0, share: 1 % }', 'lost'],
  ['{ kind: contention, node: node-a, nic: mlx5_0, share: 50 % }', 'contended'],
] as const)('%s sets %s, on its node only', ([fault, key]) => {
  expect(plannedNic(fault)).toHaveProperty(key)
  expect(plannedNic(fault.replace('node-a', 'node-b'))).not.toHaveProperty(key)
})
