/** Bytes of every NIC against the share that the claims give it, over all rounds: 100 % is the whole share. */
import { scaleLinear } from 'd3-scale'
import { bytes, formatBytes, formatPercent } from '../../../core/units.ts'
import { markup, px } from '../markup.ts'
import { shortText } from '../printable-text.ts'
import type { RecordedComparison } from '../recorded-evidence.ts'
import type { Plot } from './figure.ts'
import { legend, LEGEND_LINE, markOf } from './series.ts'

interface Load {
  readonly nic: string
  readonly arm: string
  readonly claimed: boolean
  bytes: number
  expected: number
  /** Payload of the transfers that the NIC was counted in. */
  moved: number
}

const WIDTH = 440
const LEFT = 122
const RIGHT = WIDTH - 52
const ROW = 18
const TOP = 34
/** Rows that are drawn; the table has all. */
const MOST_ROWS = 48
const TOLERANCE = 0.1

export function nicBytes(comparison: RecordedComparison): Plot | undefined {
  const loads = loadsOf(comparison)
  if (!loads.some(({ claimed }) => claimed)) return undefined
  // Interfaces that nothing claims are drawn where they carried enough to be seen.
  const shown = loads.filter((load) => load.claimed || shareOf(load) >= 0.01).slice(0, MOST_ROWS)
  const most = Math.max(1.1, ...shown.map(shareOf))
  const x = scaleLinear([0, most], [LEFT, RIGHT]).nice()
  const bottom = TOP + shown.length * ROW + 4
  const off = shown.filter((load) => !isEven(load))
  return {
    title: 'Bytes of every NIC against its share',
    alternative:
      off.length === 0
        ? `All ${shown.length} within 10 % of their share`
        : `Not within 10 % of the share: ${off.map((load) => `${load.nic} (${load.arm}) ${formatPercent(shareOf(load))}`).join(', ')}`,
    width: WIDTH,
    height: bottom + 34 + comparison.arms.length * LEGEND_LINE,
    drawing: [
      x.ticks(5).map((tick) => {
        const at = px(x(tick))
        return markup`<path d="M${at} ${TOP - 4}V${px(bottom)}" stroke="currentColor" stroke-opacity="0.14"/><text class="quiet" x="${at}" y="${TOP - 10}" text-anchor="middle">${(tick * 100).toFixed(0)} %</text>`
      }),
      markup`<rect x="${px(x(1 - TOLERANCE))}" y="${TOP - 4}" width="${px(x(1 + TOLERANCE) - x(1 - TOLERANCE))}" height="${px(bottom - TOP + 4)}" fill="currentColor" fill-opacity="0.07"/><path d="M${px(x(1))} ${TOP - 4}V${px(bottom)}" stroke="currentColor" stroke-width="1.25" stroke-dasharray="5 4"/>`,
      shown.map((load, index) => {
        const y = TOP + (index + 0.5) * ROW
        const share = shareOf(load)
        const arm = comparison.arms.indexOf(load.arm)
        const even = isEven(load)
        return markup`<g><title>${load.nic}, ${load.arm}: ${wordsOf(load)}</title><text font-size="11" x="${LEFT - 8}" y="${px(y + 4)}" text-anchor="end">${shortText(load.nic, 17)}</text><path d="M${LEFT} ${px(y)}H${px(x(share))}" stroke="currentColor" stroke-opacity="0.35" stroke-width="2"/>${markOf({ x: x(share), y }, arm)}<text font-size="11" x="${WIDTH}" y="${px(y + 4)}" text-anchor="end"${!even && markup` font-weight="700"`}>${!even && '✗ '}${(share * 100).toFixed(1)} %</text></g>\n`
      }),
      legend(
        comparison.arms.map((name, index) => ({ name, index })),
        LEFT,
        bottom + 20,
      ),
    ],
    notes: [
      'Dashed: the share of a claimed NIC, with ±10 % shaded; the axis starts at 0.',
      ...(loads.length > shown.length
        ? ['Other interfaces that carried less than 1 % are in the table only.']
        : []),
    ],
    table: {
      columns: ['NIC', 'arm', 'claimed', 'bytes', 'share in bytes', 'of its share'],
      rows: loads.map((load) => [
        load.nic,
        load.arm,
        load.claimed ? 'yes' : 'no',
        formatBytes(bytes(load.bytes)),
        load.claimed ? formatBytes(bytes(Math.round(load.expected))) : 'none',
        load.claimed ? formatPercent(shareOf(load)) : `${formatPercent(shareOf(load))} of all bytes`,
      ]),
    },
  }
}

function loadsOf({ arms, rounds }: RecordedComparison): readonly Load[] {
  const sums = new Map<string, Load>()
  for (const arm of arms) {
    for (const { transport } of rounds.flatMap((round) => round.arms.get(arm) ?? [])) {
      for (const { nic, claimed, bytes, expected } of transport.loads) {
        const key = JSON.stringify([arm, nic, claimed])
        const sum = sums.get(key) ?? { nic, arm, claimed, bytes: 0, expected: 0, moved: 0 }
        sums.set(key, sum)
        sum.bytes += bytes
        sum.expected += expected
        sum.moved += transport.movedBytes
      }
    }
  }
  return [...sums.values()].sort(
    (a, b) =>
      Number(b.claimed) - Number(a.claimed) ||
      arms.indexOf(a.arm) - arms.indexOf(b.arm) ||
      (a.nic < b.nic ? -1 : 1),
  )
}

/** Of a claimed NIC, of what it should have carried; of another, of all that was moved. */
const shareOf = ({ claimed, bytes, expected, moved }: Load): number => {
  const whole = claimed ? expected : moved
  return whole === 0 ? 0 : bytes / whole
}

const isEven = (load: Load): boolean =>
  load.claimed ? Math.abs(shareOf(load) - 1) <= TOLERANCE : shareOf(load) < 0.01

const wordsOf = (load: Load): string =>
  load.claimed
    ? `${formatBytes(bytes(load.bytes))}, ${formatPercent(shareOf(load))} of its share`
    : `${formatBytes(bytes(load.bytes))}, not claimed`
