/**
 * Reports an error that a test or its set-up threw. Errors of claimcheck carry their code; a failed assertion of Vitest's own and
 * an error thrown in a suite are the suite's, and anything else is a fault in claimcheck.
 */
import { relative, resolve, sep } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { SerializedError } from 'vitest'
import { isErrorCode, type ErrorCode } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import { matchersByName } from '../expect/matcher-definitions.ts'
import type { ReportedProblem } from '../report/run-report.ts'

/** File names are relative to `root`. */
export function problemOf(error: SerializedError, root: string): ReportedProblem {
  const { name, code, subject, hint, stack } = error
  const diff = 'diff' in error && typeof error['diff'] === 'string' ? `\n${error['diff']}` : ''
  const known = typeof code === 'string' && isErrorCode(code)
  const said =
    known || name === undefined || name === 'AssertionError' ? error.message : `${name}: ${error.message}`
  const frames = error.stacks?.map(
    ({ method, file, line, column }) =>
      `at ${method === '' ? '' : `${method} `}${relative(root, file)}:${line}:${column}`,
  )
  const trace = frames === undefined || frames.length === 0 ? stack : frames.join('\n')
  const advice = typeof hint === 'string' ? hint : misspeltMatcher(error.message)
  return {
    code: known ? code : codeOf(error),
    message: stripVTControlCharacters(said.replace(CHAI_GUESS, '') + diff),
    ...(typeof subject === 'string' ? { subject } : {}),
    ...(advice === undefined ? {} : { hint: advice }),
    ...(trace === undefined ? {} : { stack: trace }),
  }
}

const HARNESS = resolve(import.meta.dirname, '..') + sep

/** By where it was thrown; an error without any frame is not the suite's. */
function codeOf({ name, stacks = [], message }: SerializedError): ErrorCode {
  if (name === 'AssertionError') return 'ASSERTION_FAILED'
  if (isUnknownMatcher(message) || name === 'SyntaxError' || /parse failure|PARSE_ERROR/i.test(message))
    return 'SUITE_ERROR'
  const [thrown] = stacks
  return thrown === undefined || thrown.file.startsWith(HARNESS) ? 'INTERNAL' : 'SUITE_ERROR'
}

const UNKNOWN_MATCHER = /Invalid Chai property: (\w+)|expect\(\.\.\.\)(?:\.\w+)*\.(\w+) is not a function/
/** Chai knows fewer matchers, and may guess `to`. */
const CHAI_GUESS = /(?<=^Error: Invalid Chai property: \w+)\. Did you mean "\w+"\?$/
const isUnknownMatcher = (message: string): boolean => UNKNOWN_MATCHER.test(message)

function misspeltMatcher(message: string): string | undefined {
  const [, chai, called] = UNKNOWN_MATCHER.exec(message) ?? []
  const written = chai ?? called
  if (written === undefined) return undefined
  const near = nearest(written, Object.keys(matchersByName))
  return near === undefined
    ? `The matchers of claimcheck are ${Object.keys(matchersByName).join(', ')}.`
    : `Did you mean ${near}?`
}
