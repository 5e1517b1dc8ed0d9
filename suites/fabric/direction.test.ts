/** READ and WRITE between the same GPUs over the same NICs. A READ fetches from the other node what a WRITE would send. */
import { comparisonTest, describe, nearestPlacements, sizeOf, variantsOf } from 'claimcheck'

const directions = nearestPlacements().map(({ title, placement, suffix }) => ({
  title,
  test: comparisonTest({
    name: `direction${suffix}`,
    arms: variantsOf(placement, { read: { op: 'READ' }, write: { op: 'WRITE' } }),
    size: sizeOf('1 GiB'),
  }),
}))

describe.for(directions)('$title', ({ test }) => {
  test('READ is at least 0.85x as fast as WRITE', async ({ arms, expect }) => {
    await expect(arms.read).toOutperform(arms.write, { by: 0.85 })
  })

  test('WRITE is at least 0.85x as fast as READ', async ({ arms, expect }) => {
    await expect(arms.write).toOutperform(arms.read, { by: 0.85 })
  })

  test('every claimed NIC carries its share, and no other any', async ({ arms, expect }) => {
    await expect(arms.read).toCarryEqualShares()
    await expect(arms.write).toCarryEqualShares()
  })

  test('bytes arrive intact', async ({ arms, expect }) => {
    await expect(arms.read).toArriveIntact()
    await expect(arms.write).toArriveIntact()
  })
})
