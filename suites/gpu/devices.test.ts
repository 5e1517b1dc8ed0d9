/** A node publishes the GPUs of its SKU, and a pod that claims all of them sees them with their links. */
import { allGpus, podTest, describe } from 'claimcheck'

describe('A pod that claims every GPU of its node', () => {
  const test = podTest({ placement: allGpus(), containers: ['main', 'sidecar'] })

  test('sees them with their links, and no other GPU, in every container', async ({ pods, expect }) => {
    await expect(pods).toSeeClaimedGpus()
  })

  test('is on a node that publishes the GPUs of the SKU', async ({ published, sku, expect }) => {
    await expect(published).toMatchSku(sku)
  })
})
