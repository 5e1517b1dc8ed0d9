/** The trend that a report page shows: bandwidth of the runs in the history that ran where a report's run did. */
import type { PageReport } from '../report/html/run-view.ts'
import type { Trend, TrendFigure, TrendRun } from '../report/html/trend.ts'
import type { History } from './history.ts'
import { armNamesIn, type ComparisonSummary, type Summary } from './run-summary.ts'

/** Runs of the SKU, target, runtime and scale of `report`, up to its end. Undefined when its SKU is not recorded. */
export function trendOf({ runs }: History, report: PageReport): Trend | undefined {
  const file = Object.values(report.files).find(({ sku }) => sku !== undefined)
  if (file === undefined) return undefined
  const { sku, target, emulation } = file
  const alike = runs.filter(
    (run) =>
      run.sku.name === sku &&
      run.target === target &&
      run.emulation?.runtime === emulation?.runtime &&
      run.emulation?.scale === emulation?.scale &&
      run.finishedAt <= report.finishedAt,
  )
  return { runs: alike.map(trendRunOf), emulated: emulation !== undefined }
}

/** Bandwidth of every comparison and arm of a run. */
export const trendRunOf = ({ run, finishedAt, verdict, comparisons }: Summary): TrendRun => ({
  run,
  finishedAt,
  verdict,
  figures: Object.fromEntries(Object.entries(comparisons).map(([name, one]) => [name, figuresOf(one)])),
})

function figuresOf({ rounds }: ComparisonSummary): Readonly<Record<string, TrendFigure>> {
  return Object.fromEntries(
    armNamesIn(rounds).flatMap((arm) => {
      const values = rounds.flatMap((round) => round[arm]?.bandwidth ?? [])
      if (values.length === 0) return []
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length
      return [[arm, { mean, least: Math.min(...values), most: Math.max(...values) }] as const]
    }),
  )
}
