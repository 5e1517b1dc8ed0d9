/** Wilson's interval of a share. Takes hits and runs; gives bounds at 95 %, never outside 0 to 1. */

const Z = 1.959963984540054

export function wilson(hits: number, runs: number): { readonly low: number; readonly high: number } {
  const share = hits / runs
  const square = Z ** 2 / runs
  const centre = share + square / 2
  const reach = Z * Math.sqrt((share * (1 - share)) / runs + square / (4 * runs))
  return {
    low: hits === 0 ? 0 : (centre - reach) / (1 + square),
    high: hits === runs ? 1 : (centre + reach) / (1 + square),
  }
}
