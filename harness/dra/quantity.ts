/** Kubernetes quantities of memory, such as `80Gi` and `189471Mi`, in the units of a SKU profile. */

const BINARY: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
}
const DECIMAL: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 }

/**
 * `80Gi` as `80 GiB`, `85899345920` as `80 GiB`. Undefined for 0, by which drivers say that the size is unknown, and for
 * text that is no quantity.
 */
export function memoryInProfileUnits(quantity: string): string | undefined {
  const [, digits, suffix = ''] = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(quantity.trim()) ?? []
  const factor = BINARY[suffix] ?? DECIMAL[suffix]
  if (digits === undefined || factor === undefined || Number(digits) === 0) return undefined
  if (suffix !== '') return `${digits} ${suffix}B`
  const size = Number(digits)
  const unit = ['Gi', 'Mi', 'Ki'].find((name) => size % (BINARY[name] ?? 1) === 0)
  return unit === undefined ? `${digits} B` : `${size / (BINARY[unit] ?? 1)} ${unit}B`
}
