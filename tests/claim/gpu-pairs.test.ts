/** Over its turns every two GPUs meet once, and no GPU is in two pairs of a turn. */
import { expect, test } from 'vitest'
import { pairsOfTurn, turnCount } from '../../harness/claim/gpu-pairs.ts'

test.for([1, 2, 3, 4, 7, 8, 16])('%i GPUs', (gpus) => {
  const turns = Array.from({ length: turnCount(gpus) }, (_, index) => pairsOfTurn(gpus, index + 1))
  for (const pairs of turns) {
    const busy = pairs.flat()
    expect(new Set(busy).size).toBe(busy.length)
    expect(Math.min(...busy, gpus)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...busy, 0)).toBeLessThan(gpus)
  }
  const met = turns.flat().map(([a, b]) => `${a}-${b}`)
  expect(new Set(met).size).toBe(met.length)
  expect(met).toHaveLength((gpus * (gpus - 1)) / 2)
  expect(pairsOfTurn(gpus, turnCount(gpus) + 1)).toEqual([])
  expect(pairsOfTurn(gpus, 0)).toEqual(Array.from({ length: gpus }, (_, gpu) => [gpu, gpu]))
})
