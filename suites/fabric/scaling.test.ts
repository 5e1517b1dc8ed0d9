/** All NICs of a NUMA node together carry as many times what one of them carries, with as many bytes for each NIC. */
import { comparisonTest, describe, numaScalings, sizeOf } from 'claimcheck'

const scalings = numaScalings(sizeOf('256 MiB')).map(({ title, arms, times, suffix }) => ({
  title,
  /** Nine tenths of what so many independent NICs carry. */
  by: Number((0.9 * times).toFixed(1)),
  test: comparisonTest({ name: `scaling${suffix}`, arms, op: 'WRITE' }),
}))

describe.for(scalings)('$title against one of them', ({ by, test }) => {
  test('the NICs carry as many times one', async ({ arms, expect }) => {
    await expect(arms.all).toOutperform(arms.one, { by })
  })

  test('every claimed NIC carries its share, and no other any', async ({ arms, expect }) => {
    await expect(arms.all).toCarryEqualShares()
    await expect(arms.one).toCarryEqualShares()
  })

  test('bytes arrive intact', async ({ arms, expect }) => {
    await expect(arms.all).toArriveIntact()
    await expect(arms.one).toArriveIntact()
  })
})
