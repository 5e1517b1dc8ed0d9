/** Formats measured rows as a table for the terminal. */
import { isMet, summaryOf, type Figure } from './figure.ts'

const HEAD = ['row', 'figure', 'median', 'min - max', 'goal', '']

export function tableOf(
  rows: readonly { readonly name: string; readonly figures: readonly Figure[] }[],
): string[] {
  const cells = rows.flatMap(({ name, figures }) =>
    figures.map((figure, index) => [index === 0 ? name : '', ...cellsOf(figure)]),
  )
  const lines = [HEAD, ...cells]
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const formatted = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const rule = widths.map((width) => '-'.repeat(width)).join('  ')
  return [...formatted.slice(0, 1), rule, ...formatted.slice(1)]
}

function cellsOf(figure: Figure): string[] {
  const { median, min, max } = summaryOf(figure.values)
  const { name, unit, goal } = figure
  const range = `${number(min)} - ${number(max)}`
  if (goal === undefined) return [name, `${number(median)} ${unit}`, range, '', '']
  const met = isMet(figure, goal) ? 'met' : 'NOT MET'
  return [name, `${number(median)} ${unit}`, range, `${goal.side} ${goal.limit} ${unit}`, met]
}

const number = (value: number): string =>
  value >= 10 ? value.toFixed(1) : value.toFixed(value >= 0.1 ? 2 : 4)
