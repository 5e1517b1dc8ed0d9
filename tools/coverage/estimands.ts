/**
 * The estimands of the simulation: each has a true value and interval methods that estimate it. The first method is the
 * harness's own; the others are the alternatives that were considered.
 */
import { driftInterval } from '../../harness/measure/drift.ts'
import {
  absoluteInterval,
  geometricInterval,
  meanInterval,
  medianInterval,
  ratioInterval,
  type Interval,
} from '../../harness/measure/interval.ts'
import { percentileInterval, type Percentile } from '../../harness/measure/latency.ts'
import { fraction } from '../../harness/core/units.ts'
import type { RandomSource } from '../../harness/rack/seeded-random.ts'
import {
  hodgesLehmann,
  interpolatedPercentile,
  logarithmic,
  percentileBootstrap,
  pooledOrderStatistics,
  studentisedBootstrap,
} from './candidates.ts'
import type { Noise } from './noise.ts'
import { TRUE_FIGURE, TRUE_RATIO, trueMedian, truePercentile, type SimulatedRun } from './simulated-run.ts'

export interface Estimand {
  readonly name: string
  readonly truth: (noise: Noise, draw: RandomSource) => number
  readonly methods: readonly [Method, ...Method[]]
}

export interface Method {
  readonly name: string
  /** The interval computed from the first `rounds` rounds of a run. */
  readonly interval: (run: SimulatedRun, rounds: number, level: number) => Interval
}

function method<Round>(
  name: string,
  view: (run: SimulatedRun) => readonly Round[],
  interval: (rounds: readonly Round[], level: number) => Interval,
): Method {
  return { name, interval: (run, rounds, level) => interval(view(run).slice(0, rounds), level) }
}

const NO_FLOOR = fraction(0)
/** The noise floor of `toBeStable`. */
const TAIL_NOISE = fraction(0.02)

const pairs = (run: SimulatedRun) => run.pairs
const oneSidedPairs = (run: SimulatedRun) => run.oneSidedPairs
const ratios = (run: SimulatedRun): number[] => run.pairs.map(([a, b]) => a / b)
const figures = (run: SimulatedRun) => run.figures
const iterations = (run: SimulatedRun) => run.iterations
const tail = (samples: readonly number[]): number =>
  interpolatedPercentile(samples, 99) / interpolatedPercentile(samples, 50)
const tails = (run: SimulatedRun): number[] => run.iterations.map(tail)

const percentile = (p: Percentile): Estimand => ({
  name: `p${p} latency`,
  truth: (noise, draw) => truePercentile(noise, draw, p),
  methods: [
    method('t over rounds, floor, median-unbiased rank', iterations, (rounds, level) =>
      percentileInterval(rounds, p, level),
    ),
    method('without floor', iterations, (rounds, level) => percentileInterval(rounds, p, level, NO_FLOOR)),
    method(
      'without floor, rank (n-1)p as in RESULT',
      (run) => run.iterations.map((samples) => interpolatedPercentile(samples, p)),
      (values, level) => geometricInterval(values, level, NO_FLOOR),
    ),
    method('order statistics of all iterations', iterations, (rounds, level) =>
      pooledOrderStatistics(rounds, p / 100, level),
    ),
  ],
})

export const ESTIMANDS: readonly Estimand[] = [
  {
    name: 'ratio of two arms',
    truth: () => TRUE_RATIO,
    methods: [
      method('t of log ratios, floor', pairs, ratioInterval),
      method('t of log ratios', pairs, (rounds, level) => ratioInterval(rounds, level, NO_FLOOR)),
      method('percentile bootstrap', ratios, logarithmic(percentileBootstrap)),
      method('studentised bootstrap', ratios, logarithmic(studentisedBootstrap)),
      method('Hodges-Lehmann, signed ranks', ratios, logarithmic(hodgesLehmann)),
      method('median and its absolute deviation', ratios, (values, level) =>
        medianInterval(values, level, NO_FLOOR),
      ),
    ],
  },
  {
    name: 'ratio, noise in one arm only',
    truth: () => TRUE_RATIO,
    methods: [
      method('t of log ratios, floor', oneSidedPairs, ratioInterval),
      method('t of log ratios', oneSidedPairs, (rounds, level) => ratioInterval(rounds, level, NO_FLOOR)),
    ],
  },
  {
    name: 'figure of one arm',
    truth: () => TRUE_FIGURE,
    methods: [
      method('t, floor', figures, absoluteInterval),
      method('t', figures, meanInterval),
      method('percentile bootstrap', figures, percentileBootstrap),
      method('studentised bootstrap', figures, studentisedBootstrap),
    ],
  },
  percentile(50),
  percentile(95),
  percentile(99),
  {
    name: 'stability, p99 / p50',
    truth: (noise, draw) => trueMedian(noise, draw, tail),
    methods: [
      method('median and its absolute deviation, floor', tails, (values, level) =>
        medianInterval(values, level, TAIL_NOISE),
      ),
      method('without floor', tails, (values, level) => medianInterval(values, level, NO_FLOOR)),
      method('t of logarithms, no floor', tails, (values, level) =>
        geometricInterval(values, level, NO_FLOOR),
      ),
    ],
  },
  {
    name: 'drift within an arm',
    truth: () => 1,
    methods: [method('t over rounds, last third / first third', iterations, driftInterval)],
  },
]
