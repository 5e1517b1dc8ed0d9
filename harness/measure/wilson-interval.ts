/** Wilson's 95 % score interval of a proportion; accurate for few trials and for proportions near 0 or 1. */

const Z = 1.959964

export interface Share {
  readonly estimate: number
  readonly low: number
  readonly high: number
}

export function wilsonInterval(successes: number, trials: number): Share {
  if (trials === 0) return { estimate: Number.NaN, low: 0, high: 1 }
  const share = successes / trials
  const centre = (share + Z ** 2 / (2 * trials)) / (1 + Z ** 2 / trials)
  const reach =
    (Z / (1 + Z ** 2 / trials)) * Math.sqrt((share * (1 - share)) / trials + Z ** 2 / (4 * trials ** 2))
  return {
    estimate: share,
    low: successes === 0 ? 0 : centre - reach,
    high: successes === trials ? 1 : centre + reach,
  }
}
