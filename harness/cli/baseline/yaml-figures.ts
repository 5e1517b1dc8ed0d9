/** Reference figures as they are written in a profile: units, four digits, bounds rounded outwards. */
import { formatBytes, formatRate, gigabytesPerSecond, type Bytes } from '../../core/units.ts'
import type { Tolerance } from '../../measure/tolerance-interval.ts'
import type { ProposedFigure } from './propose.ts'

export const yamlFigure = ({ comparison, arm, op, size, ...figures }: ProposedFigure): object => ({
  comparison,
  arm,
  op,
  size: exactBytes(size),
  bandwidth: quantity(figures.bandwidth, (value) => formatRate(gigabytesPerSecond(value))),
  latency: quantity(figures.latency, timeInUnits),
  p50Latency: quantity(figures.p50Latency, timeInUnits),
})

const quantity = ({ value, bounds }: Tolerance, format: (value: number) => string): object => ({
  value: format(value),
  bounds: { lower: percent(bounds.lower, Math.floor), upper: percent(bounds.upper, Math.ceil) },
})

/** To a tenth of a percent. */
const percent = (share: number, round: (value: number) => number): string => `${round(share * 1000) / 10} %`

/** In units that a profile accepts: us, not µs. */
function timeInUnits(value: number): string {
  const [factor, unit] = value < 1e-3 ? [1e6, 'us'] : value < 1 ? [1e3, 'ms'] : [1, 's']
  return `${Number((value * factor).toPrecision(4))} ${unit}`
}

/** A size of which no byte is lost by rounding. */
const exactBytes = (size: Bytes): string => {
  const text = formatBytes(size)
  return text.endsWith('iB') ? text : `${size} B`
}
