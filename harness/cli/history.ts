/** `claimcheck history`: lists the runs in the history, the newest last, with their verdicts and bandwidths. */
import { trendRunOf } from '../certificate/history-trend.ts'
import { readHistory } from '../certificate/history.ts'
import type { Summary } from '../certificate/run-summary.ts'
import { printableLine, printableLinesIn } from '../core/terminal.ts'
import { formatRate, gigabytesPerSecond } from '../core/units.ts'

export interface HistoryOptions {
  /** How many runs are listed. */
  readonly last: number
  readonly sku?: string | undefined
}

/** Throws FILE_UNREADABLE. */
export function listHistory(path: string, { last, sku }: HistoryOptions, say: (line: string) => void): void {
  const { runs, warnings } = readHistory(path)
  for (const warning of warnings) say(`Note: ${printableLine(warning)}`)
  const listed = runs.filter((run) => sku === undefined || run.sku.name === sku)
  if (listed.length === 0) return say(`${path} has no run${sku === undefined ? '' : ` of SKU ${sku}`}.`)
  for (const run of listed.slice(-last)) for (const line of linesOf(printableLinesIn(run))) say(line)
  const left = listed.length - last
  if (left > 0)
    say(
      `${left} earlier ${left === 1 ? 'run is' : 'runs are'} not listed (--last ${listed.length} lists all).`,
    )
}

function linesOf(summary: Summary): readonly string[] {
  const { finishedAt, verdict, sku, target, emulation, run } = summary
  const faults =
    emulation === undefined || emulation.faults.length === 0 ? '' : `, faults ${emulation.faults.join(', ')}`
  const place = `${sku.name} on ${target}${emulation === undefined ? '' : `, ${emulation.runtime}${faults}, EMULATED`}`
  return [
    `${finishedAt}  ${verdict.padEnd(12)}  ${place}  (run ${run})`,
    ...Object.entries(trendRunOf(summary).figures).map(
      ([comparison, arms]) =>
        `    ${comparison}: ${Object.entries(arms)
          .map(([arm, { mean }]) => `${arm} ${formatRate(gigabytesPerSecond(mean))}`)
          .join(', ')}`,
    ),
  ]
}
