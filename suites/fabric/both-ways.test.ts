/** Both ways at once against one way, over the same NICs. Links are full duplex, so that the other way costs little. */
import { comparisonTest, describe, nearestPlacements, sizeOf, variantsOf } from 'claimcheck'

const ways = nearestPlacements().map(({ title, placement, suffix }) => ({
  title,
  test: comparisonTest({
    name: `both-ways${suffix}`,
    arms: variantsOf(placement, { one: {}, both: { bothWays: true } }),
    op: 'WRITE',
    size: sizeOf('1 GiB'),
  }),
}))

describe.for(ways)('$title', ({ test }) => {
  test('both ways together carry at least 1.3x one way', async ({ arms, expect }) => {
    await expect(arms.both).toOutperform(arms.one, { by: 1.3 })
  })

  test('every claimed NIC carries its share in both directions, and no other any', async ({
    arms,
    expect,
  }) => {
    await expect(arms.both).toCarryEqualShares()
    await expect(arms.one).toCarryEqualShares()
  })

  test('bytes arrive intact', async ({ arms, expect }) => {
    await expect(arms.both).toArriveIntact()
    await expect(arms.one).toArriveIntact()
  })
})
