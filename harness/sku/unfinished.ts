/**
 * Unfinished SKU profiles: `discover` writes the scalar `FILL_IN` where it could not learn a value, with a comment that says
 * what belongs there. Such a profile is refused wherever it is loaded.
 */
import { isPair, isScalar, isSeq, visit } from 'yaml'
import { ClaimcheckError } from '../core/errors.ts'
import { parseYamlDocument } from '../core/yaml-document.ts'

/** Stands in a profile for a value that is to be filled in. */
export const FILL_IN = 'FILL_IN'

/** Throws FILE_INVALID with every place that is to be filled in. `path` is used in messages only. */
export function refuseUnfinished(text: string, path: string): void {
  if (!text.includes(FILL_IN)) return
  const lines = text.split('\n')
  const { document, lines: positions } = parseYamlDocument(text, path)
  const places: {
    readonly line: number
    readonly col: number
    readonly key: string
    readonly what: string
  }[] = []
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || node.value !== FILL_IN) return
      const { line, col } = positions.linePos(node.range?.[0] ?? 0)
      places.push({ line, col, key: pathOf(key, ancestors), what: remarkOn(lines[line - 1]) })
    },
  })
  const [first] = places
  if (first === undefined) return
  throw new ClaimcheckError('FILE_INVALID', {
    subject: `${path}:${first.line}:${first.col}`,
    problem: [
      `is unfinished: ${places.length} ${places.length === 1 ? 'value has' : 'values have'} to be filled in`,
      ...places.map(
        ({ line, col, key, what }) => `${path}:${line}:${col} at ${key}${what === '' ? '' : `: ${what}`}`,
      ),
    ].join('\n  '),
    hint: `Replace each ${FILL_IN} with the value that its comment asks for.`,
  })
}

/** `gpus[0].numaNode` */
function pathOf(key: number | string | null, ancestors: readonly unknown[]): string {
  const parts = ancestors.flatMap((node, depth) => {
    if (isPair(node)) return `.${String(isScalar(node.key) ? node.key.value : node.key)}`
    if (!isSeq(node)) return []
    const item = ancestors[depth + 1]
    return `[${item === undefined ? String(key) : node.items.indexOf(item)}]`
  })
  return parts.join('').replace(/^\./, '')
}

/** The comment at the end of a line. */
const remarkOn = (line: string | undefined): string => /\s#\s*(.*)$/.exec(line ?? '')?.[1]?.trim() ?? ''
