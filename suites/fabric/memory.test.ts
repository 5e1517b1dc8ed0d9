/**
 * GPU memory against host memory over the same NICs. NICs that read GPU memory themselves reach what they reach from host memory;
 * where they cannot, UCX stages the bytes through host memory, and the difference shows it.
 */
import { comparisonTest, describe, nearestPlacements, sizeOf, variantsOf } from 'claimcheck'

const memories = nearestPlacements().map(({ title, placement, suffix }) => ({
  title,
  test: comparisonTest({
    name: `memory${suffix}`,
    arms: variantsOf(placement, { gpu: { memory: 'gpu' }, host: { memory: 'host' } }),
    op: 'WRITE',
    size: sizeOf('1 GiB'),
  }),
}))

describe.for(memories)('$title', ({ test }) => {
  test('GPU memory is at least 0.9x as fast as host memory', async ({ arms, expect }) => {
    await expect(arms.gpu).toOutperform(arms.host, { by: 0.9 })
  })

  test('bytes arrive intact', async ({ arms, expect }) => {
    await expect(arms.gpu).toArriveIntact()
    await expect(arms.host).toArriveIntact()
  })
})
