/** The rounds planned for the example SKU's transfer of 1 GiB, as a table for docs/statistics.md. */
import { fileURLToPath } from 'node:url'
import { bytes, formatTime, fraction, seconds } from '../../harness/core/units.ts'
import { planRounds } from '../../harness/measure/plan-rounds.ts'
import { loadSku } from '../../harness/sku/sku.ts'

const SKU = new URL('../../fixtures/skus/h100x8.yaml', import.meta.url)

export function planTable(): string {
  const { reference } = loadSku(fileURLToPath(SKU))
  const size = bytes(2 ** 30)
  const arms = [reference.aligned, reference.unaligned].flatMap((arm) =>
    arm === undefined ? [] : { size, bandwidth: arm.bandwidth.value },
  )
  const rows = [0.002, 0.005, 0.01, 0.02, 0.05].map((noise) => {
    const cells = [0.8, 0.9].flatMap((power) =>
      planRounds({
        arms,
        firstRounds: 3,
        iters: 100,
        warmupIters: 20,
        noise: fraction(noise),
        power,
        overhead: seconds(20),
      }).map(({ detectableRatio }) => `${((detectableRatio - 1) * 100).toFixed(1)} %`),
    )
    return `| ${(noise * 100).toFixed(1)} % | ${cells.join(' | ')} |`
  })
  const durations = planRounds({
    arms,
    firstRounds: 3,
    iters: 100,
    warmupIters: 20,
    overhead: seconds(20),
  }).map(({ rounds, duration }) => `${rounds} rounds ${formatTime(duration)}`)
  return [
    '| noise | 3 rounds, power 80 % | 5 | 8 | 3 rounds, power 90 % | 5 | 8 |',
    '| --: | --: | --: | --: | --: | --: | --: |',
    ...rows,
    '',
    `With 20 s an arm beside the transfer: ${durations.join(', ')}.`,
  ].join('\n')
}
