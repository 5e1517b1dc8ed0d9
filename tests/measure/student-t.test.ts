import { expect, test } from 'vitest'
import { normalCdf, normalQuantile, tCdf, tQuantile } from '../../harness/measure/student-t.ts'

// Published critical values of Student's t, two-sided 95 % and 99 %: NIST/SEMATECH e-Handbook, table 1.3.6.7.2.
test.for([
  { df: 1, p: 0.975, t: 12.706 },
  { df: 2, p: 0.975, t: 4.303 },
  { df: 3, p: 0.975, t: 3.182 },
  { df: 7, p: 0.975, t: 2.365 },
  { df: 30, p: 0.975, t: 2.042 },
  { df: 2, p: 0.995, t: 9.925 },
  { df: 10, p: 0.995, t: 3.169 },
  { df: 100, p: 0.95, t: 1.66 },
])('the $p quantile of t with $df degrees of freedom is $t', ({ df, p, t }) => {
  expect(tQuantile(p, df)).toBeCloseTo(t, 3)
})

test('the quantile is the inverse of the distribution function', () => {
  for (const df of [1, 2, 5, 17, 250])
    for (const p of [0.51, 0.8, 0.985, 0.9999]) expect(tCdf(tQuantile(p, df), df)).toBeCloseTo(p, 9)
})

test('the distribution is symmetric', () => {
  for (const t of [0.3, 1.7, 9]) expect(tCdf(-t, 4)).toBeCloseTo(1 - tCdf(t, 4), 12)
})

test('the normal quantiles equal the published ones', () => {
  // NIST/SEMATECH e-Handbook, table 1.3.6.7.1, to more places.
  for (const [p, z] of [
    [0.975, 1.959964],
    [0.995, 2.575829],
    [0.9925, 2.432379],
  ] as const) {
    expect(normalQuantile(p)).toBeCloseTo(z, 4)
    expect(normalCdf(z)).toBeCloseTo(p, 6)
  }
})
