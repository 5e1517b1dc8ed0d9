/** The bounds of a baseline: quantiles against published tables, widths by the number of nodes, and the simulation in small. */
import { describe, expect, test } from 'vitest'
import { chiSquaredQuantile } from '../../harness/measure/chi-squared.ts'
import { disagreement, unlikeNodes } from '../../harness/measure/sound-nodes.ts'
import { toleranceOf } from '../../harness/measure/tolerance-interval.ts'
import { simulateBaselines, SLOWER } from '../../tools/baseline/simulate.ts'

test.for([
  // NIST/SEMATECH e-Handbook, 1.3.6.7.4.
  [0.05, 1, 0.004],
  [0.05, 10, 3.94],
  [0.95, 10, 18.307],
  [0.01, 42, 23.65],
  [0.99, 100, 135.807],
] as const)('the quantile %s of chi-squared with %s degrees of freedom is %s', ([p, df, expected]) => {
  expect(chiSquaredQuantile(p, df)).toBeCloseTo(expected, expected < 1 ? 3 : 2)
})

const alike = (nodes: number): number[][] =>
  Array.from({ length: nodes }, () => [40, 40.1, 39.9, 40, 40.1, 39.9])

test('bounds are narrower with every node, and contain the value', () => {
  const widths = [1, 2, 4, 8, 16].map((nodes) => {
    const { value, bounds } = toleranceOf(alike(nodes))
    expect(value).toBeCloseTo(40, 1)
    expect(bounds.lower).toBeLessThan(0)
    expect(bounds.upper).toBeGreaterThan(0)
    return bounds.upper - bounds.lower
  })
  expect(widths).toEqual(widths.toSorted((a, b) => b - a))
})

describe('A node that is unlike the others', () => {
  const unit = (nodes: string[], rate: number) => ({ nodes, rounds: [rate, rate * 1.001, rate * 0.999] })

  test('is named, and its partners in a ring are not', () => {
    const units = [unit(['a', 'b'], 40), unit(['b', 'c'], 30), unit(['c', 'd'], 30), unit(['a', 'd'], 40)]
    expect(unlikeNodes(units)).toEqual([{ node: 'c', why: '-25.0 % from the median of 4 nodes' }])
  })

  test('is named in a ring of three, where most pairs are slow', () => {
    const units = [unit(['a', 'b'], 30), unit(['b', 'c'], 30), unit(['a', 'c'], 40)]
    expect(unlikeNodes(units).map(({ node }) => node)).toEqual(['b'])
  })

  test('is not told from the other of two, which are refused instead', () => {
    expect(unlikeNodes([unit(['a'], 40), unit(['b'], 30)])).toEqual([])
    expect(disagreement([unit(['a'], 40), unit(['b'], 30)])).toBeCloseTo(1 / 3)
    expect(disagreement([unit(['a'], 40), unit(['b'], 39.5)])).toBeUndefined()
  })
})

describe.for(['nodes', 'pairs'] as const)('In 300 simulated SKUs, measured on %s,', (units) => {
  test.for([2, 4, 16])('bounds from %s nodes hold a sound node in 99 % of cases and no bad one', (nodes) => {
    const outcome = simulateBaselines({ units, nodes, spread: 0.01, noise: 0.005 }, 300, 7)
    expect(outcome.soundPassed / outcome.skus).toBeGreaterThanOrEqual(0.99)
    const caught = outcome.badCaught[SLOWER.indexOf(0.2)] ?? 0
    expect(caught / outcome.skus).toBeGreaterThanOrEqual(0.99)
    // Of two nodes none can be named.
    expect((outcome.badLeftOut ?? outcome.skus) / outcome.skus).toBeGreaterThanOrEqual(0.98)
  })
})
