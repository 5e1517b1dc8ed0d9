/** A pod sees the devices it claimed, in every container, and no others. */
import { claiming, describe, gpusWithNics } from '../../harness/vitest/suite.ts'

describe.for([
  { nicsOn: 0, nics: 'the NICs of NUMA node 0' },
  { nicsOn: 1, nics: 'the NICs of NUMA node 1' },
])('A pod with two containers that claims 4 GPUs of NUMA node 0 and $nics', ({ nicsOn }) => {
  const test = claiming({
    placement: gpusWithNics({ gpus: 4, gpusOn: 0, nics: 4, nicsOn }),
    containers: ['main', 'sidecar'],
  })

  test('/dev/infiniband lists the claimed NICs and no other, in every container', async ({
    pods,
    expect,
  }) => {
    await expect(pods).toListOnlyClaimedDevices()
  })

  test('an unclaimed NIC is absent', async ({ pods, expect }) => {
    await expect(pods).toLackUnclaimedDevices()
  })

  test('the claimed interfaces are there and no other', async ({ pods, expect }) => {
    await expect(pods).toHaveOnlyClaimedInterfaces()
  })
})
