/** Whether two runs can be compared. Takes two summaries; gives every way in which they are unlike, in words. */
import { formatBytes } from '../core/units.ts'
import { isSame } from './certificate.ts'
import type { Summary } from './run-summary.ts'

/** Empty where they are alike. Nodes, drivers and faults may differ: what comes of that is what a comparison is for. */
export function incomparabilities(a: Summary, b: Summary): readonly string[] {
  const differ = (what: string, one: unknown, other: unknown): string[] =>
    isSame([one], [other]) ? [] : [`${what}: ${shown(one)} against ${shown(other)}`]
  const sku = ({ name, digest }: Summary['sku']): string => `${name} (${digest.slice(0, 19)}...)`
  const common = Object.keys(a.comparisons).filter((name) => name in b.comparisons)
  return [
    ...differ('SKU', sku(a.sku), sku(b.sku)),
    ...differ('target', a.target, b.target),
    ...differ('emulation runtime', a.emulation?.runtime, b.emulation?.runtime),
    ...differ('emulation scale', a.emulation?.scale, b.emulation?.scale),
    ...common.flatMap((name) => {
      const [one, other] = [a.comparisons[name], b.comparisons[name]]
      if (one === undefined || other === undefined) return []
      return [
        ...differ(`${name}: op`, one.op, other.op),
        ...differ(`${name}: transfer size`, formatBytes(one.size), formatBytes(other.size)),
        ...differ(`${name}: iterations`, one.iters, other.iters),
        ...differ(`${name}: warm-up iterations`, one.warmupIters, other.warmupIters),
        ...differ(`${name}: arms`, one.arms, other.arms),
      ]
    }),
    ...(common.length > 0 || Object.keys(a.tests).some((name) => name in b.tests)
      ? []
      : ['tests: they have none in common']),
  ]
}

const shown = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none')
