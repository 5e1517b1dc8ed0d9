/**
 * Parses one YAML 1.2 document within bounds. The parser of the library recurses and takes quadratic time on some input, so
 * nesting and the number of lexemes are bounded before a document is composed.
 */
import { Composer, isScalar, Lexer, LineCounter, Parser, visit, type CST, type Document } from 'yaml'
import { ClaimcheckError } from './errors.ts'

/** In characters. The largest profile that comes with claimcheck has some 15,000. */
const MOST_TEXT = 2 * 2 ** 20
/** Words, signs, spaces and line breaks. */
const MOST_LEXEMES = 200_000
const MOST_LEVELS = 64

export interface YamlDocument {
  readonly document: Document
  readonly lines: LineCounter
}

/** Throws FILE_INVALID with line and column. `path` is used in messages only; `mostLexemes` bounds the time that parsing takes. */
export function parseYamlDocument(text: string, path: string, mostLexemes = MOST_LEXEMES): YamlDocument {
  const lines = new LineCounter()
  const tokens = boundedTokens(text, path, lines, mostLexemes)
  const options = { prettyErrors: false, stringKeys: true, uniqueKeys: false } as const
  const [document, second] = new Composer(options).compose(tokens, true, text.length)
  if (document === undefined || second !== undefined)
    throw notYaml(placeAt(path, lines, second?.range[0] ?? 0), 'the file has more than one document')
  const [broken] = [...document.errors, ...document.warnings]
  if (broken !== undefined) throw notYaml(placeAt(path, lines, broken.pos[0]), broken.message)
  const { version } = document.directives?.yaml ?? { version: '1.2' }
  if (version !== '1.2') throw notYaml(`${path}:1:1`, `expected YAML 1.2, found ${version}`)
  requireUniqueKeys(document, path, lines)
  return { document, lines }
}

/** `f.yaml:12:5` */
export function placeAt(path: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset)
  return `${path}:${line}:${col}`
}

function boundedTokens(text: string, path: string, lines: LineCounter, most: number): CST.Token[] {
  if (text.length > MOST_TEXT) throw tooLarge(path, `at most ${MOST_TEXT} characters`, `${text.length}`)
  const parser = new Parser(lines.addNewLine)
  const tokens: CST.Token[] = []
  let count = 0
  lines.addNewLine(0)
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token)
    if (++count > most) throw tooLarge(path, `at most ${most} words and signs`, 'more')
    if (parser.stack.length > MOST_LEVELS)
      throw tooLarge(placeAt(path, lines, parser.offset), `at most ${MOST_LEVELS} levels of nesting`, 'more')
  }
  for (const token of parser.end()) tokens.push(token)
  return tokens
}

/** The library's own check compares every pair of keys. */
function requireUniqueKeys(document: Document, path: string, lines: LineCounter): void {
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>()
      for (const { key } of items) {
        if (!isScalar(key)) continue
        if (seen.has(key.value))
          throw notYaml(placeAt(path, lines, key.range?.[0] ?? 0), 'Map keys must be unique')
        seen.add(key.value)
      }
    },
  })
}

const notYaml = (subject: string, problem: string): ClaimcheckError =>
  new ClaimcheckError('FILE_INVALID', { subject, problem: `is not YAML: ${problem}` })

const tooLarge = (subject: string, expected: string, found: string): ClaimcheckError =>
  new ClaimcheckError('FILE_INVALID', {
    subject,
    problem: 'is larger than any file that claimcheck reads',
    expected,
    found,
  })
