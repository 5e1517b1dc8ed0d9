/** What probably causes a bad figure. Takes rounds; gives sentences that name the device and say how to look. */
import { median } from 'simple-statistics'
import { formatRate, gigabytesPerSecond } from '../core/units.ts'
import type { ArmRound } from '../measure/arm.ts'

/** A path this much slower than the median path of its arm is named. */
const SLOW = 0.9

/** Names each path that is slow in most rounds of the arm. */
export function slowPaths(rounds: readonly ArmRound[]): string[] {
  const paths = rounds[0]?.streams.map((stream) => stream.path) ?? []
  return paths.flatMap((path) => {
    const rates = rounds.flatMap((round) => {
      const own = round.streams.find((stream) => stream.path === path)
      const all = median(round.streams.map((stream) => stream.bandwidth))
      return own === undefined ? [] : [{ share: own.bandwidth / all, own: own.bandwidth, all }]
    })
    const typical = rates.toSorted((a, b) => a.share - b.share)[Math.floor(rates.length / 2)]
    if (typical === undefined || typical.share >= SLOW) return []
    const figures = `${formatRate(gigabytesPerSecond(typical.own))} against ${formatRate(gigabytesPerSecond(typical.all))} of the median path`
    return [`${path} is slow: ${figures}. Look at both NICs' PCIe link, cable and port counters.`]
  })
}
