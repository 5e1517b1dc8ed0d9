/** Quantiles of the chi-squared distribution for any number of degrees of freedom. */
import { logGamma } from './student-t.ts'

/** P(X <= x) for X with `df` degrees of freedom: the regularised lower incomplete gamma function, by its series. */
function chiSquaredCdf(x: number, df: number): number {
  if (x <= 0) return 0
  const [a, half] = [df / 2, x / 2]
  let term = 1 / a
  let sum = term
  for (let n = 1; n < 10_000 && term > sum * 1e-16; n++) {
    term *= half / (a + n)
    sum += term
  }
  return Math.min(1, sum * Math.exp(a * Math.log(half) - half - logGamma(a)))
}

/** The x with P(X <= x) = p, for p in (0, 1), by bisection to 1e-10 relative. */
export function chiSquaredQuantile(p: number, df: number): number {
  let [low, high] = [0, df]
  while (chiSquaredCdf(high, df) < p) high *= 2
  while (high - low > 1e-10 * high) {
    const middle = (low + high) / 2
    if (chiSquaredCdf(middle, df) < p) low = middle
    else high = middle
  }
  return (low + high) / 2
}
