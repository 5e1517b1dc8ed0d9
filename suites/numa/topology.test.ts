/** What the drivers publish about each node is what the SKU says. */
import { describe, test } from 'claimcheck'

describe('The published topology', () => {
  test('every node has the GPUs and NICs of the SKU, on the NUMA nodes of the SKU', async ({
    published,
    sku,
    expect,
  }) => {
    await expect(published).toMatchSku(sku)
  })

  test("every device's NUMA node, PCIe root, RDMA and interface are what the kernel of its node says", async ({
    published,
    expect,
  }) => {
    await expect(published).toMatchKernel()
  })
})
