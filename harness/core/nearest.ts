/** Finds the known name that a misspelt name is closest to. */

/** Returns the closest known name within an edit distance of a third of its length, or undefined. A swap of two letters is one edit. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: { name: string; edits: number } | undefined
  for (const candidate of known) {
    const most = Math.max(1, Math.floor(candidate.length / 3))
    if (Math.abs(name.length - candidate.length) > most) continue
    const edits = distance(name.toLowerCase(), candidate.toLowerCase())
    if (edits <= most && (best === undefined || edits < best.edits)) {
      best = { name: candidate, edits }
    }
  }
  return best?.name
}

function distance(a: string, b: string): number {
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swap = swapped ? (before[j - 2] ?? 0) + 1 : Infinity
      current.push(Math.min(change, swap, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1))
    }
    before = previous
    previous = current
  }
  return previous[b.length] ?? 0
}
