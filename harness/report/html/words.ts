/** Words and marks that the parts of the page share. */
import { formatInterval, type Expectation } from '../../expect/expectation.ts'
import type { Environment } from '../run-report.ts'
import { markup, type Content, type Markup } from './markup.ts'

const MARKS: Readonly<Record<string, string>> = {
  passed: '✓',
  waived: '!',
  warned: '!',
  failed: '✗',
  inconclusive: '?',
  interrupted: '?',
  skipped: '–',
}

export const markFor = (verdict: string): string => MARKS[verdict] ?? '?'

export const tag = (verdict: string): Markup =>
  markup`<span class="tag ${verdict}">${markFor(verdict)} ${verdict}</span>`

export const EMULATED_BADGE: Markup = markup`<span class="badge">EMULATED</span>`

/** `2026-11-25 22:32:47 UTC` */
export const instant = (iso: string): string => `${iso.slice(0, 19).replace('T', ' ')} UTC`

export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
}

export const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`

/** `[34.31, 44.45]`, empty where there is none. */
export const intervalText = ({ interval }: Expectation): string =>
  interval === undefined ? '' : formatInterval(interval)

/** `target emulated, rack h100-2node, runtime model, scale 1:200` */
export const environmentText = ({ target, sku, emulation }: Environment): string =>
  [
    `target ${target}`,
    ...(sku === undefined ? [] : [`SKU ${sku}`]),
    ...(emulation === undefined
      ? []
      : [`rack ${emulation.rack}`, `runtime ${emulation.runtime}`, `scale 1:${emulation.scale}`]),
    ...(emulation === undefined || emulation.faults.length === 0
      ? []
      : [`injected faults: ${emulation.faults.join(', ')}`]),
  ].join(', ')

export const definitions = (entries: readonly (readonly [string, Content])[]): readonly Markup[] =>
  entries.map(([term, what]) => markup`<div><dt>${term}</dt><dd>${what}</dd></div>\n`)
