/**
 * A pod is allocated the devices that it claims, on the NUMA nodes that it claims, and every container sees exactly these: GPUs
 * of each NUMA node with the nearest NICs, and with the farthest.
 */
import { podTest, describe, numaPlacements } from 'claimcheck'

describe.for(numaPlacements())('A pod that claims $title', ({ placement, distance }) => {
  const test = podTest({ placement, containers: ['main', 'sidecar'] })

  test(`gets GPUs and NICs of which every pair lies at ${distance}`, async ({ gpuPods, expect }) => {
    await expect(gpuPods).toClaimPairsAt(distance)
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

  test('describes the allocated devices in its device metadata', async ({ pods, expect }) => {
    await expect(pods).toDescribeAllocatedDevices()
  })
})
