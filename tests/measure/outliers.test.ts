import { expect, test } from 'vitest'
import { criticalDeviate, outliersOf, outlyingRounds } from '../../harness/measure/outliers.ts'

test("Grubbs' critical value and outlier equal the published ones", () => {
  // NIST/SEMATECH e-Handbook 1.3.5.17.1, mass spectrometer data: 2.032 for n 8, on one side at 5 %; 245.57 is the outlier.
  const values = [199.31, 199.53, 200.19, 200.82, 201.92, 201.95, 202.18, 245.57]
  expect(criticalDeviate(8, 2 * 0.05)).toBeCloseTo(2.032, 3)
  expect(outliersOf(values, 0.05)).toEqual([7])
})

test("Rosner's data have their three published outliers, although the first one alone is not significant", () => {
  // NIST/SEMATECH e-Handbook 1.3.5.17.3, Rosner (1983): critical values 3.158, 3.151 and 3.143 at 5 %.
  const values = [
    -0.25, 0.68, 0.94, 1.15, 1.2, 1.26, 1.26, 1.34, 1.38, 1.43, 1.49, 1.49, 1.55, 1.56, 1.58, 1.65, 1.69, 1.7,
    1.76, 1.77, 1.81, 1.91, 1.94, 1.96, 1.99, 2.06, 2.09, 2.1, 2.14, 2.15, 2.23, 2.24, 2.26, 2.35, 2.37, 2.4,
    2.47, 2.54, 2.62, 2.64, 2.9, 2.92, 2.92, 2.93, 3.21, 3.26, 3.3, 3.59, 3.68, 4.3, 4.64, 5.34, 5.42, 6.01,
  ]
  for (const [n, critical] of [
    [54, 3.158],
    [53, 3.151],
    [52, 3.143],
  ] as const)
    expect(Math.abs(criticalDeviate(n, 0.05) - critical)).toBeLessThan(0.002)
  expect(outliersOf(values, 0.05)).toEqual([51, 52, 53])
})

test('a slow round of eight is an outlier, and equal rounds have none', () => {
  expect(outlyingRounds([39.1, 39.0, 39.2, 31.4, 39.1, 39.0, 39.1, 39.2])).toEqual([3])
  expect(outlyingRounds([39.1, 39.1, 39.1])).toEqual([])
})

test('a round within the usual scatter is no outlier, however closely the others agree', () => {
  expect(outlyingRounds([39.07, 39.07, 39.07, 39.07, 39.05])).toEqual([])
})

test('two rounds have no outlier', () => {
  expect(outlyingRounds([39, 20])).toEqual([])
})
