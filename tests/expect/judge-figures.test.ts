/** Figures judged on the emulated rack in the model runtime: invalid limits, looks, drift and outliers. */
import { expect, onTestFinished, test } from 'vitest'
import { Journal } from '../../harness/core/journal.ts'
import { bytes, gigabytesPerSecond, seconds } from '../../harness/core/units.ts'
import { Arm } from '../../harness/expect/arm.ts'
import { driftWithin, declineOverRounds, outlyingBandwidth } from '../../harness/expect/failure-hints.ts'
import { judgeEven } from '../../harness/expect/judge-gpu-nic-paths.ts'
import { judgeBelow, judgeStable, judgeSteady } from '../../harness/expect/judge-latency.ts'
import { judgeOutperform, judgeUndercut, judgeWithin } from '../../harness/expect/judge-ratio-and-bounds.ts'
import type { ArmRound } from '../../harness/measure/arm-round.ts'
import { NodeComparison } from '../../harness/measure/node-comparison.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { hasNumaReference } from '../../harness/sku/sku.ts'
import { EmulatedTarget } from '../../harness/targets/emulated/emulated-target.ts'
import { ModelRuntime } from '../../harness/targets/emulated/model/model-runtime.ts'
import { rackFile } from '../support/rack-file.ts'

const placement = (nicsOn: number, alignment: 'aligned' | 'unaligned') =>
  ({ alignment, gpus: { count: 4, numaNode: 0 }, nics: { count: 4, numaNode: nicsOn } }) as const

/** Compares both arms with transfers of 1 GiB on a separate rack. */
function arms(edit: (text: string) => string = (text) => text) {
  const rack = loadRack(rackFile({ edit }))
  if (!hasNumaReference(rack.sku)) throw new Error('the SKU of the fixture states its reference')
  const journal = new Journal()
  const target = new EmulatedTarget({ rack, runtime: new ModelRuntime(rack), kind: 'model', journal })
  onTestFinished(() => target.close())
  const comparison = new NodeComparison(
    {
      name: 'judged',
      arms: { aligned: placement(0, 'aligned'), unaligned: placement(1, 'unaligned') },
      op: 'WRITE',
      size: bytes(2 ** 30),
      iters: 100,
      warmupIters: 20,
      firstRounds: 3,
    },
    { target, sku: rack.sku, journal },
  )
  return {
    aligned: new Arm(comparison, 'aligned'),
    unaligned: new Arm(comparison, 'unaligned'),
    comparison,
    reference: rack.sku.reference,
  }
}

const invalid = (message: RegExp): unknown =>
  expect.objectContaining({ code: 'EXPECTATION_INVALID', message: expect.stringMatching(message) })

test('a clear result is decided at the first look, a close one stays undecided until the last', async () => {
  const { aligned, unaligned, comparison } = arms()
  expect(await judgeOutperform(aligned, unaligned, { by: 1.3, in: 'bandwidth' })).toMatchObject({
    verdict: 'passed',
    interval: { rounds: 3, level: 0.985 },
  })
  expect(await judgeOutperform(aligned, unaligned, { by: 1.418, in: 'bandwidth' })).toMatchObject({
    verdict: 'inconclusive',
    code: 'TOO_NOISY',
    interval: { rounds: 8 },
  })
  expect(comparison.rounds.length).toBe(8)
})

test('rounds that scatter too much for a verdict are reported with their scatter, and no NIC is named', async () => {
  const { aligned, unaligned } = arms((text) => text.replace('jitter: 0.2 %', 'jitter: 8 %'))
  const judged = await judgeOutperform(aligned, unaligned, { by: 1.45, in: 'bandwidth' })
  expect(judged).toMatchObject({ verdict: 'inconclusive', code: 'TOO_NOISY' })
  expect(judged.reasons.join('\n')).toMatch(
    /aligned has a standard deviation of \d+\.\d % from round to round; a healthy node stays within 1\.0 %/,
  )
  expect(judged.reasons.join('\n')).not.toMatch(/is slow/)
})

test('a limit that cannot be reached fails', async () => {
  const { aligned, unaligned } = arms()
  expect(await judgeOutperform(aligned, unaligned, { by: 1.6, in: 'bandwidth' })).toMatchObject({
    verdict: 'failed',
    code: 'EXPECTATION_FAILED',
  })
})

test.for([0, -1.3, Number.NaN, Infinity])('%s is rejected as the ratio of toOutperform', async (by) => {
  const { aligned, unaligned } = arms()
  await expect(judgeOutperform(aligned, unaligned, { by, in: 'bandwidth' })).rejects.toEqual(
    invalid(/^toOutperform \{ by \} is not a valid limit: expected a ratio greater than 0/),
  )
})

test.for(['-20 %', '120 %', '0 %', '20', '20 ms'])(
  '%s is rejected as the reduction of toUndercut',
  async (by) => {
    const { aligned, unaligned } = arms()
    await expect(judgeUndercut(aligned, unaligned, { by, in: 'p50 latency' })).rejects.toEqual(
      invalid(
        /^toUndercut \{ by \} is not a valid limit: expected a reduction between 0 % and 100 %.*found "/,
      ),
    )
  },
)

test('a rate is rejected as a limit of latency', async () => {
  await expect(judgeBelow(arms().aligned, '39 GB/s', { in: 'p95 latency' })).rejects.toEqual(
    invalid(/^toStayBelow is not a valid limit: expected a time above 0.*found "39 GB\/s", the unit "GB\/s"/),
  )
})

test('a bound with the wrong sign is named', async () => {
  const { aligned, reference } = arms()
  const { bandwidth, latency } = reference.aligned
  await expect(
    judgeWithin(aligned, { bandwidth: { ...bandwidth, bounds: { lower: 0.12, upper: 0.12 } }, latency }),
  ).rejects.toEqual(
    invalid(/^reference\.aligned\.bandwidth\.bounds\.lower is not a valid limit.*found \+12\.0 %/),
  )
  await expect(
    judgeWithin(aligned, { bandwidth, latency: { ...latency, bounds: { lower: -0.1, upper: -0.1 } } }),
  ).rejects.toEqual(
    invalid(/^reference\.aligned\.latency\.bounds\.upper is not a valid limit.*found -10\.0 %/),
  )
})

test('a reference in GiB/s, or for another size, is not used as one in GB/s', async () => {
  const { aligned, reference } = arms()
  const { bandwidth, latency } = reference.aligned
  const inGiB = { ...bandwidth, value: gigabytesPerSecond(bandwidth.value / 1.073741824) }
  await expect(judgeWithin(aligned, { bandwidth: inGiB, latency })).rejects.toEqual(
    invalid(/^reference\.aligned is not a valid limit.*0\.932 times that.*GiB\/s taken for GB\/s/),
  )
  const of4GiB = { ...latency, value: seconds(latency.value * 4) }
  await expect(judgeWithin(aligned, { bandwidth, latency: of4GiB })).rejects.toEqual(
    invalid(/4\.00\d times that/),
  )
  expect((await judgeWithin(aligned, reference.aligned)).map(({ verdict }) => verdict)).toEqual([
    'passed',
    'passed',
  ])
})

test('a limit of p99 / p50 below 1 is rejected', async () => {
  await expect(judgeStable(arms().aligned, { p99OverP50: 0.9 })).rejects.toEqual(
    invalid(/^toBeStable \{ p99OverP50 \} is not a valid limit/),
  )
})

test('percentiles have confidence intervals of their own', async () => {
  const { aligned } = arms((text) => text.replace('iters: 24', 'iters: 100'))
  const judged = await judgeBelow(aligned, '45 ms', { in: 'p99 latency' })
  expect(judged).toMatchObject({ verdict: 'passed', interval: { unit: 's' } })
  expect(judged.properties['arm.aligned.latency.p99.seconds.ci95.high']).toBeLessThan(0.045)
  expect(await judgeBelow(aligned, '10 ms', { in: 'p50 latency' })).toMatchObject({ verdict: 'failed' })

  test('a percentile whose interval is too wide is inconclusive, however far below the limit it is', async () => {
    const { aligned } = arms()
    expect(await judgeBelow(aligned, '1 s', { in: 'p50 latency', widest: 1 })).toMatchObject({
      verdict: 'passed',
    })
    expect(await judgeBelow(aligned, '1 s', { in: 'p50 latency', widest: 1e-6 })).toMatchObject({
      verdict: 'inconclusive',
      code: 'TOO_NOISY',
      reasons: [expect.stringContaining('is wider than the value itself after 8 rounds')],
    })
  })
})

test('the emulated rack has a stable latency', async () => {
  expect(await judgeSteady(arms().aligned, { within: '5 %' })).toMatchObject({
    verdict: 'passed',
    interval: { rounds: 3 },
  })
  await expect(judgeSteady(arms().aligned, { within: '5' })).rejects.toEqual(
    invalid(/^toBeSteady \{ within \} is not a valid limit/),
  )
})

/** The measured rounds with changed figures, for hardware behaviour that the emulated rack does not have. */
async function roundsWith(
  figures: readonly { bandwidth?: number; slowdown?: number }[],
): Promise<ArmRound[]> {
  const { aligned, comparison } = arms()
  return aligned.of(await comparison.atLeast(figures.length)).map((round, i) => {
    const { bandwidth = round.bandwidth, slowdown = 1 } = figures[i] ?? {}
    const { result } = round.outcome
    const samples_seconds = result.samples_seconds.map(
      (time, at, all) => time * slowdown ** (at / all.length),
    )
    return {
      ...round,
      bandwidth: gigabytesPerSecond(bandwidth),
      outcome: { ...round.outcome, result: { ...result, samples_seconds } },
    }
  })
}

test('hints name an arm that throttles, one that warms up, one that declines, and an outlier', async () => {
  expect(driftWithin(await roundsWith([{ slowdown: 1.1 }, { slowdown: 1.12 }, { slowdown: 1.11 }]))).toEqual([
    expect.stringMatching(/^aligned slows down within the arm: an iteration takes 7\.\d % longer at the end/),
  ])
  expect(driftWithin(await roundsWith([{ slowdown: 0.9 }, { slowdown: 0.91 }, { slowdown: 0.9 }]))).toEqual([
    expect.stringContaining('raise warmupIters'),
  ])
  expect(
    declineOverRounds(await roundsWith([{ bandwidth: 39 }, { bandwidth: 38 }, { bandwidth: 36 }])),
  ).toEqual([
    expect.stringContaining('aligned becomes slower from round to round: 39.00 GB/s, 38.00 GB/s, 36.00 GB/s'),
  ])
  const apart = await roundsWith([39.1, 39.0, 31.2, 39.2, 39.1].map((bandwidth) => ({ bandwidth })))
  expect(outlyingBandwidth(apart)).toEqual([
    {
      round: 2,
      reason:
        'aligned round 3 is an outlier: 31.20 GB/s, the median of the others is 39.10 GB/s. It stays in every figure.',
    },
  ])
  const sound = await roundsWith([{}, {}, {}])
  expect([driftWithin(sound), declineOverRounds(sound), outlyingBandwidth(sound)]).toEqual([[], [], []])
})

const slowNic = (share: number) => (text: string) =>
  `${text}faults:\n  - { kind: nic-slow, node: node-a, nic: mlx5_1, fraction: ${share} }\n`

test('one NIC of four that is 5 % slow is found and named, although every figure of the arm keeps its bounds', async () => {
  const { aligned, unaligned, reference } = arms(slowNic(0.95))
  for (const { verdict } of await judgeWithin(aligned, reference.aligned)) expect(verdict).toBe('passed')
  expect(await judgeEven(aligned, { within: '3 %' })).toMatchObject({
    verdict: 'failed',
    code: 'EXPECTATION_FAILED',
    reasons: [expect.stringMatching(/node-a\/mlx5_1.* is [45]\.\d % slower than the others/)],
  })
  expect(await judgeEven(unaligned, { within: '3 %' })).toMatchObject({ verdict: 'passed' })
})

test('paths of a healthy rack are even', async () => {
  const { aligned, unaligned } = arms()
  expect(await judgeEven(aligned, { within: '3 %' })).toMatchObject({ verdict: 'passed' })
  expect(await judgeEven(unaligned, { within: '3 %' })).toMatchObject({ verdict: 'passed' })
  await expect(judgeEven(aligned, { within: '-3 %' })).rejects.toEqual(
    invalid(/^toHaveEvenPaths \{ within \} is not a valid limit/),
  )
})
