/** A pool of any size is grouped, as one of a driver that publishes a slice for every device of a cluster. */
import { expect, test } from 'vitest'
import { parseResourceSlices } from '../../harness/dra/parse-slices.ts'
import { poolsOf } from '../../harness/dra/resource-pools.ts'

test('200,000 slices of one pool', () => {
  const slices = parseResourceSlices(
    Array.from({ length: 200_000 }, (_, index) => ({
      metadata: { name: `s${index}` },
      spec: {
        driver: 'dra.net',
        pool: { name: 'p', generation: index % 2, resourceSliceCount: 100_000 },
        allNodes: true,
      },
    })),
  )
  const [pool, ...others] = poolsOf(slices)
  expect(others).toEqual([])
  expect(pool).toMatchObject({ generation: 1, complete: true })
  expect([pool?.slices.length, pool?.outdated.length]).toEqual([100_000, 100_000])
})
