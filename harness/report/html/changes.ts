/** What changed from one run to another like it, beyond noise first. */
import { markup, type Markup } from './markup.ts'
import { tableOf } from './plots/figure.ts'

export interface Changes {
  /** `2026-11-25 22:32:47 UTC, passed`: when each run was, and its verdict. */
  readonly before: string
  readonly after: string
  readonly figures: readonly {
    readonly comparison: string
    readonly figure: string
    /** `0.713x [0.701x, 0.726x]`, of the later run over the earlier. */
    readonly ratio: string
    readonly direction: 'better' | 'worse' | 'same' | 'changed' | 'unknown'
  }[]
  readonly verdicts: readonly { readonly test: string; readonly before: string; readonly after: string }[]
  /** Tests of one run only, and what is not the same about machines and versions. */
  readonly others: readonly string[]
  /** Why no figures are compared. */
  readonly unlike?: string
}

const ORDER = ['worse', 'better', 'changed', 'unknown', 'same']

export function changes({ before, after, figures, verdicts, others, unlike }: Changes): Markup {
  const sorted = figures.toSorted((a, b) => ORDER.indexOf(a.direction) - ORDER.indexOf(b.direction))
  return markup`<section id="changes"><h2>What changed</h2>
<p class="quiet">From ${before} to ${after}. All intervals together hold at 95 %.</p>
${unlike !== undefined && markup`<p class="hint lines">${unlike}</p>`}
${verdicts.length > 0 && tableOf({ columns: ['test', 'before', 'after'], rows: verdicts.map(({ test, before, after }) => [test, before, after]) }, 'Changed verdicts')}
${sorted.length > 0 && tableOf({ columns: ['figure', 'comparison', 'change', 'later / earlier'], rows: sorted.map(({ figure, comparison, direction, ratio }) => [figure, comparison, direction === 'same' ? 'no change found' : direction, ratio]) }, 'Changed figures')}
${others.length > 0 && markup`<ul class="causes">${others.map((other) => markup`<li>${other}</li>`)}</ul>`}
</section>`
}
