/** A pod is allocated the devices that it claims, on the NUMA nodes that it claims, and every container sees exactly these. */
import { podTest, describe, gpusWithNics } from '../../harness/vitest/suite.ts'

describe.for([
  { nicsOn: 0, distance: 'NODE' as const },
  { nicsOn: 1, distance: 'SYS' as const },
])('A pod that claims 4 GPUs of NUMA node 0 and 4 NICs of NUMA node $nicsOn', ({ nicsOn, distance }) => {
  const test = podTest({
    placement: gpusWithNics({ gpus: 4, gpusOn: 0, nics: 4, nicsOn }),
    containers: ['main', 'sidecar'],
  })

  test(`gets GPUs and NICs of which every pair lies at ${distance}`, async ({ pods, expect }) => {
    await expect(pods).toClaimPairsAt(distance)
  })

  test('lists only the claimed NICs in /dev/infiniband, in every container', async ({ pods, expect }) => {
    await expect(pods).toListOnlyClaimedDevices()
  })

  test('lacks the devices of unclaimed NICs', async ({ pods, expect }) => {
    await expect(pods).toLackUnclaimedDevices()
  })

  test('has the claimed interfaces and no other', async ({ pods, expect }) => {
    await expect(pods).toHaveOnlyClaimedInterfaces()
  })
})
