/** Probabilities and quantiles of Student's t and the normal distribution that simple-statistics lacks. */
import { errorFunction } from 'simple-statistics'

/** P(T <= t) for T with `df` degrees of freedom, through the regularised incomplete beta function. */
export function tCdf(t: number, df: number): number {
  const tail = 0.5 * incompleteBeta(df / (df + t * t), df / 2, 0.5)
  return t >= 0 ? 1 - tail : tail
}

/** A cache, since every look uses the same few quantiles. */
const quantiles = new Map<string, number>()

/** The t with P(T <= t) = p, for p in (0.5, 1), by bisection to 1e-10 relative. */
export function tQuantile(p: number, df: number): number {
  const key = `${p} ${df}`
  const known = quantiles.get(key) ?? bisectQuantile(p, df)
  quantiles.set(key, known)
  return known
}

function bisectQuantile(p: number, df: number): number {
  let low = 0
  let high = 1
  while (tCdf(high, df) < p && high < 1e12) high *= 2
  while (high - low > 1e-10 * high) {
    const middle = (low + high) / 2
    if (tCdf(middle, df) < p) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** P(Z <= z) of a standard normal Z, accurate to 1e-7. */
export const normalCdf = (z: number): number => 0.5 * (1 + errorFunction(z / Math.SQRT2))

/** The z with P(Z <= z) = p, for p in (0.5, 1): t with 1e6 degrees of freedom, accurate to 1e-5 relative. */
export const normalQuantile = (p: number): number => tQuantile(p, 1e6)

/** I_x(a, b) by its continued fraction (modified Lentz), accurate to about 1e-14. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a)
  const front =
    Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a
  const tiny = 1e-300
  let c = 1
  let d = 1 / (1 - ((a + b) * x) / (a + 1) || tiny)
  let fraction = d
  for (let m = 1; m < 500; m++) {
    for (const numerator of [
      (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
      (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
    ]) {
      d = 1 / (1 + numerator * d || tiny)
      c = 1 + numerator / c || tiny
      fraction *= c * d
    }
    if (Math.abs(c * d - 1) < 1e-15) break
  }
  return front * fraction
}

/** The logarithm of the gamma function for z > 0, by Lanczos' approximation, g = 7. */
export function logGamma(z: number): number {
  const series = [
    676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
    -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
  ]
  if (z < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * z)) - logGamma(1 - z)
  const x = z - 1
  const sum = series.reduce((total, coefficient, i) => total + coefficient / (x + i + 1), 0.9999999999998099)
  const t = x + 7.5
  return 0.5 * Math.log(2 * Math.PI) + (x + 0.5) * Math.log(t) - t + Math.log(sum)
}
