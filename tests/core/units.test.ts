/** Quantities without a valid unit are rejected. */
import { assert, integer, property } from 'fast-check'
import { expect, test } from 'vitest'
import {
  bytes,
  formatBytes,
  formatTime,
  parseBytes,
  parsePercent,
  parseRate,
  parseTime,
  rateOf,
  seconds,
} from '../../harness/core/units.ts'

test.for([
  [parseRate, '39.07 GB/s', 39.07],
  [parseRate, '400 Gbit/s', 50],
  [parseRate, '500MB/s', 0.5],
  [parseBytes, '1 GiB', 2 ** 30],
  [parseBytes, '1 GB', 1e9],
  [parseBytes, '1.5 KiB', 1536],
  [parseTime, '27.49 ms', 0.02749],
  [parseTime, '2 min', 120],
  [parsePercent, '-12 %', -0.12],
  [parsePercent, '+12.5%', 0.125],
] as const)('%o reads %s as %d', ([parse, text, value]) => {
  expect(parse(text)).toBeCloseTo(value, 12)
})

test.for([
  [parseRate, '39.07', 'found a number without a unit'],
  [parseRate, '39.07 GiB/s', 'found the unit "GiB/s"'],
  [parseRate, '39.07 gb/s', 'found the unit "gb/s"'],
  [parseRate, '39,07 GB/s', 'found something else'],
  [parseRate, 'Infinity GB/s', 'found something else'],
  [parseRate, '1e999 GB/s', 'found a number that is too large'],
  [parseRate, '1 constructor', 'found the unit "constructor"'],
  [parseBytes, '1 GB/s', 'found the unit "GB/s"'],
  [parseBytes, '', 'found something else'],
  [parseTime, '27.49 m', 'found the unit "m"'],
  [parsePercent, '0.05', 'found a number without a unit'],
] as const)('%o refuses %j', ([parse, text, found]) => {
  expect(() => parse(text)).toThrow(
    expect.objectContaining({ code: 'UNIT_INVALID', message: expect.stringContaining(found) }),
  )
})

test('1 GB/s is 10^9 bytes per second', () => {
  expect(rateOf(bytes(2e9), seconds(4))).toBe(0.5)
})

test('a formatted size is parsed as the same size', () => {
  assert(
    property(integer({ min: 1, max: 2 ** 45 }), (size) => {
      const read = parseBytes(formatBytes(bytes(size)))
      expect(Math.abs(read - size) / size).toBeLessThan(1e-3)
    }),
  )
})

test('times are formatted in a unit that suits their magnitude', () => {
  expect([2.5e-5, 0.02749, 60].map((time) => formatTime(seconds(time)))).toEqual([
    '25.00 µs',
    '27.49 ms',
    '60.00 s',
  ])
})
