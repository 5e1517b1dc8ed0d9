/** The largest and smallest of any number of values. `Math.max(...values)` overflows the stack from some 100,000 on. */

export const largest = (values: Iterable<number>, otherwise = -Infinity): number => {
  let most = otherwise
  for (const value of values) most = Math.max(most, value)
  return most
}
