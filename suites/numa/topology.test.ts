/** What the drivers publish about each node is what the SKU says. */
import { describe, test } from '../../harness/vitest/suite.ts'

describe('The published topology', () => {
  test('every node has the GPUs and NICs of the SKU, on the NUMA nodes of the SKU', async ({
    published,
    sku,
    expect,
  }) => {
    await expect(published).toMatchSku(sku)
  })
})
