/** What changed from one run to another like it, beyond noise first. */
import { markup, type Markup } from './markup.ts'
import { tableOf } from './plots/figure.ts'
import { tag } from './words.ts'

export interface Changes {
  /** `2026-11-25 22:32:47 UTC, passed`: when each run was, and its verdict. */
  readonly before: string
  readonly after: string
  readonly figures: readonly {
    readonly comparison: string
    readonly figure: string
    /** `38.97 GB/s`, the mean over the rounds of each run. */
    readonly before: string
    readonly after: string
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
const DIRECTIONS: Readonly<Record<Changes['figures'][number]['direction'], Markup | string>> = {
  worse: markup`<span class="tag failed">worse</span>`,
  better: markup`<span class="tag passed">better</span>`,
  changed: 'changed',
  unknown: 'unknown',
  same: 'no change found',
}

export function changes({ before, after, figures, verdicts, others, unlike }: Changes): Markup {
  const sorted = figures.toSorted((a, b) => ORDER.indexOf(a.direction) - ORDER.indexOf(b.direction))
  return markup`<section id="changes"><h2>What changed</h2>
<p class="quiet">From ${before} to ${after}. All intervals together hold at 95 %.</p>
${unlike !== undefined && markup`<p class="hint lines">${unlike}</p>`}
${
  verdicts.length > 0 &&
  markup`<h3>Verdicts</h3>${tableOf(
    {
      columns: ['test', 'before', 'after'],
      rows: verdicts.map(({ test, before, after }) => [test, tag(before), tag(after)]),
    },
    'Changed verdicts',
  )}`
}
${
  sorted.length > 0 &&
  markup`<h3>Figures</h3>${tableOf(
    {
      columns: ['figure', 'comparison', 'before', 'after', 'change', 'after / before'],
      rows: sorted.map(({ figure, comparison, before, after, direction, ratio }) => [
        figure,
        comparison,
        before,
        after,
        DIRECTIONS[direction],
        ratio,
      ]),
    },
    'Changed figures',
  )}`
}
${others.length > 0 && markup`<h3>Other differences</h3><ul class="causes">${others.map((other) => markup`<li>${other}</li>`)}</ul>`}
</section>`
}
