/** The duration of a load under a rate schedule, compared with results computed by hand. */
import { expect, test } from 'vitest'
import { seconds } from '../../harness/core/units.ts'
import { rateScheduleOf, finishTime, type RateSchedule } from '../../harness/rack/rate-schedule.ts'

const on = { node: 'node-a', nic: 'mlx5_1' }
const finish = (course: RateSchedule, from: number, work: number): number =>
  finishTime(course, seconds(from), seconds(work))

test('a NIC throttled to half its rate takes twice as long from then on', () => {
  const course = rateScheduleOf({ kind: 'throttle', ...on, fraction: 0.5, after: seconds(1) }, 1, 'x')
  expect(finish(course, 0, 1)).toBeCloseTo(1, 12)
  expect(finish(course, 0.5, 1)).toBeCloseTo(2, 12)
  expect(finish(course, 3, 1)).toBeCloseTo(5, 12)
})

test('a link that is down transfers nothing until it is up again', () => {
  const fault = { kind: 'link-flap', ...on, after: seconds(1), lasting: seconds(0.5) } as const
  expect(finish(rateScheduleOf(fault, 1, 'x'), 0.9, 0.2)).toBeCloseTo(1.6, 12)
})

test('a stall recurs in every interval', () => {
  const course = rateScheduleOf({ kind: 'stall', ...on, every: seconds(1), lasting: seconds(0.5) }, 1, 'x')
  // Half a second of work per interval, plus 0.02 of that during the pause.
  expect(finish(course, 0, 0.5)).toBeCloseTo(0.5, 12)
  expect(finish(course, 0, 0.51)).toBeCloseTo(1, 12)
  expect(finish(course, 0, 1.02)).toBeCloseTo(2, 12)
})

test('a random schedule is the same each time for one pod, and different for another pod', () => {
  const fault = { kind: 'rate-jitter', ...on, fraction: 0.5, every: seconds(0.1) } as const
  const course = rateScheduleOf(fault, 1, 'pod-a')
  expect(finish(course, 0, 2)).toBe(finish(course, 0, 2))
  expect(finish(course, 0, 2)).toBeGreaterThan(2)
  expect(finish(course, 0, 2)).toBeLessThan(4)
  expect(finish(rateScheduleOf(fault, 1, 'pod-b'), 0, 2)).not.toBe(finish(course, 0, 2))
})
