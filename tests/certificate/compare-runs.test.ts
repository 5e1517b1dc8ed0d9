/** Comparisons of real runs, and the coverage of their intervals. */
import { beforeAll, describe, expect, test } from 'vitest'
import { changeInterval } from '../../harness/certificate/figure-change.ts'
import { compareRuns } from '../../harness/certificate/compare-runs.ts'
import { summaryOf, type Summary } from '../../harness/certificate/run-summary.ts'
import { seededRandom } from '../../harness/rack/seeded-random.ts'
import { genuineRun } from './genuine.ts'

const summary = async (...args: Parameters<typeof genuineRun>): Promise<Summary> =>
  summaryOf((await genuineRun(...args)).certificate)

let green: Summary

beforeAll(async () => {
  green = await summary()
})

describe('Two runs of one rack', () => {
  test('with the same seed have no change', async () => {
    const compared = compareRuns(green, await summary({ again: 1 }))
    expect(compared).toMatchObject({
      verdictChanges: [],
      onlyBefore: [],
      onlyAfter: [],
      environmentChanges: [],
      worse: false,
    })
    expect(compared.changes.map(({ direction }) => direction)).toEqual(Array(28).fill('same'))
    for (const { ratio } of compared.changes) expect(ratio?.estimate).toBeCloseTo(1, 12)
  })

  test('with other seeds have no significant change', async () => {
    const compared = compareRuns(green, await summary({ rack: 'seed: 7' }))
    expect(compared).toMatchObject({ verdictChanges: [], worse: false })
    expect(compared.changes.map(({ direction }) => direction)).toEqual(Array(28).fill('same'))
  })
})

test('a NIC at half its rate makes the aligned arm worse, leaves the other unchanged, and changes seven verdicts', async () => {
  const slow = await summary({
    rack: 'faults: [{ kind: nic-slow, node: node-a, nic: mlx5_1, fraction: 0.5 }]',
  })
  const compared = compareRuns(green, slow)
  const told = Object.fromEntries(
    compared.changes
      .filter(({ comparison }) => comparison.endsWith('kv-1gib'))
      .map((change) => [change.figure, change.direction]),
  )
  expect(told).toEqual({
    'aligned bandwidth': 'worse',
    'aligned p50 latency': 'worse',
    'aligned p99 latency': 'worse',
    'unaligned bandwidth': 'same',
    'unaligned p50 latency': 'same',
    'unaligned p99 latency': 'same',
    'aligned over unaligned bandwidth': 'worse',
  })
  const [bandwidth] = compared.changes
  expect(bandwidth?.ratio?.low).toBeLessThan(0.5 * 1.01)
  expect(bandwidth?.ratio?.high).toBeGreaterThan(0.5 * 0.99)
  expect(compared.verdictChanges.map(({ before, after }) => `${before} ${after}`)).toEqual(
    Array(7).fill('passed failed'),
  )
  expect(compared.environmentChanges).toEqual(['faults is "", then "nic-slow on node-a/mlx5_1"'])
  expect(compared.worse).toBe(true)
  const back = compareRuns(slow, green)
  expect(back.changes[0]?.direction).toBe('better')
  expect(back.worse).toBe(false)
  // Where the slow NIC belongs to the unaligned arm, the ratio of the arms falls when it recovers.
  const changed = back.changes.filter(({ direction }) => direction === 'changed')
  expect(changed.map(({ comparison, figure }) => `${comparison.split(': ')[1]} ${figure}`)).toEqual([
    'kv-1gib-numa1 aligned over unaligned bandwidth',
    'kv-4gib-numa1 aligned over unaligned bandwidth',
  ])
})

test('the change between runs of one round is unknown', async () => {
  const cut = await summary({
    rack: 'faults: [{ kind: link-cut, node: node-a, nic: mlx5_3, afterBytes: 3 GiB }]',
  })
  const compared = compareRuns(green, cut)
  expect(compared.changes.map(({ direction }) => direction)).toEqual(Array(28).fill('unknown'))
  expect(compared.worse).toBe(true)
})

describe('Runs that are not comparable are refused', () => {
  const name = 'suites/numa/kv-transfer.test.ts: kv-1gib'
  const edited = (edit: (copy: Summary) => void): Summary => {
    const copy = structuredClone(green)
    edit(copy)
    return copy
  }
  const comparison = (copy: Summary) => {
    const found = copy.comparisons[name]
    if (found === undefined) throw new Error('no comparison')
    return found
  }

  test('a run with another scale', async () => {
    const scaled = await summary({ scale: 100 })
    expect(() => compareRuns(green, scaled)).toThrow(/\n {2}emulation scale: 200 and 100/)
  })

  test.for<[string, (copy: Summary) => void, string]>([
    ['SKU', (copy) => void (copy.sku.digest = `sha256:${'0'.repeat(64)}`), 'SKU: h100x8 (sha256:'],
    ['target', (copy) => void (copy.target = 'cluster'), 'target: emulated and cluster'],
    [
      'runtime',
      (copy) => void (copy.emulation !== undefined && (copy.emulation.runtime = 'process')),
      'emulation runtime: model and process',
    ],
    [
      'size',
      (copy) => void (comparison(copy).size = (2 ** 31) as never),
      `${name}: transfer size: 1 GiB and 2 GiB`,
    ],
    ['op', (copy) => void (comparison(copy).op = 'READ'), `${name}: op: WRITE and READ`],
    ['iterations', (copy) => void (comparison(copy).iters = 100), `${name}: iterations: 24 and 100`],
    ['arms', (copy) => void Object.assign(comparison(copy).arms, { aligned: {} }), `${name}: arms: {`],
    [
      'suite',
      (copy) => {
        copy.tests = { 'another > test': 'passed' }
        copy.comparisons = {}
      },
      'tests: the runs have none in common',
    ],
  ])('another %s', ([, edit, told]) => {
    expect(() => compareRuns(green, edited(edit))).toThrow(told)
  })

  test('a test that is only in one run does not forbid a comparison', () => {
    const fewer = edited((copy) => void delete copy.tests[Object.keys(copy.tests)[0] ?? ''])
    expect(compareRuns(green, fewer).onlyBefore).toHaveLength(1)
    expect(compareRuns(fewer, green).onlyAfter).toHaveLength(1)
  })
})

describe('The interval of a change has its nominal coverage', () => {
  test.for([
    { before: 3, after: 3, sdBefore: 0.003, sdAfter: 0.003, level: 0.95 },
    { before: 3, after: 8, sdBefore: 0.01, sdAfter: 0.01, level: 0.95 },
    { before: 3, after: 3, sdBefore: 0.001, sdAfter: 0.02, level: 0.95 },
    { before: 3, after: 3, sdBefore: 0.003, sdAfter: 0.003, level: 0.9964 },
  ])('$before and $after rounds, noise $sdBefore and $sdAfter, level $level', (one) => {
    const noise = seededRandom(20_261_123, JSON.stringify(one))
    const rounds = (n: number, sd: number, of: number): number[] =>
      Array.from({ length: n }, () => of * Math.exp(sd * noise.normal()))
    const runs = 4000
    let held = 0
    for (let i = 0; i < runs; i++) {
      const change = changeInterval(
        rounds(one.before, one.sdBefore, 40),
        rounds(one.after, one.sdAfter, 40 * 0.9),
        one.level,
      )
      if (change !== undefined && change.low <= 0.9 && 0.9 <= change.high) held++
    }
    // Three standard errors of a simulated share below the stated level.
    const slack = 3 * Math.sqrt((one.level * (1 - one.level)) / runs)
    expect(held / runs).toBeGreaterThan(one.level - slack)
  })

  test.for([
    { level: 0.95, low: 0.9035661067510193, high: 0.968692315327584 },
    { level: 0.9964, low: 0.8732232459006743, high: 1.002352546280857 },
  ])(
    'at $level as SciPy 1.17.1 has it: ttest_ind of the logarithms, equal_var=False',
    ({ level, low, high }) => {
      const change = changeInterval([39.1, 38.7, 39.4], [36.2, 37.9, 35.1, 36.6, 37.0], level)
      expect(change?.estimate).toBeCloseTo(0.9355626884395165, 12)
      expect(change?.low).toBeCloseTo(low, 8)
      expect(change?.high).toBeCloseTo(high, 8)
    },
  )
})
