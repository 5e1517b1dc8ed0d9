/** Figures of one arm in one round: measured times, rates in the units of the hardware, and the path of each stream. */
import { expect, test } from 'vitest'
import { measureArm } from '../../harness/measure/arm-round.ts'
import { genuineResult } from '../transfer/recorded-log.ts'
import { modelTarget, recorded } from './recorded-outcome.ts'

test('the rates of an emulated arm are scaled to those of the hardware that it models', async () => {
  const { rack, outcome } = await recorded()
  const round = measureArm({ arm: 'aligned', round: 0, outcome }, rack.sku, modelTarget(rack).emulation)
  expect(round.bandwidth).toBeCloseTo(0.1960232840840326 * 200, 9)
  expect(round.latency).toEqual({
    mean: genuineResult.avg_seconds,
    min: genuineResult.min_seconds,
    p50: genuineResult.p50_seconds,
    p95: genuineResult.p95_seconds,
    p99: genuineResult.p99_seconds,
  })
  expect(round.streams.map(({ device, path }) => `${device}: ${path}`)).toEqual(
    [0, 1, 2, 3].map((n) => `dram:${n}: node-b/mlx5_${n} - node-a/mlx5_${n}`),
  )
  // Each stream alone is about a quarter.
  for (const { bandwidth } of round.streams) expect(bandwidth / 9.77).toBeCloseTo(1.1, 0)
  expect(round.transport.faults).toEqual([])
})

test('a figure of real hardware is not scaled', async () => {
  const { rack, outcome } = await recorded()
  const round = measureArm({ arm: 'aligned', round: 0, outcome }, rack.sku, undefined)
  expect(round.bandwidth).toBeCloseTo(0.1960232840840326, 9)
})
