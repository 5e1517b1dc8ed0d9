/** Counts what one part of `npm test` printed: the closing lines of Vitest and of `cargo test`, and what was not run. */
import { stripVTControlCharacters } from 'node:util'

export interface PartSummary {
  readonly passed: number
  readonly failed: number
  /** Skipped by Vitest, or ignored by cargo. */
  readonly skipped: number
  /** What was not run and why, as the part said it. */
  readonly notRun: readonly string[]
}

/** `.ci/run` counts the same lines. */
const COUNTS = /^ *Tests |^test result:/
const NOT_RUN = /^Not run: (.*)$|^(.* not tested: .*)$/

export function summarizePart(output: string): PartSummary {
  const lines = stripVTControlCharacters(output).split('\n')
  const counted = lines.filter((line) => COUNTS.test(line)).join('\n')
  const count = (word: string): number =>
    [...counted.matchAll(new RegExp(`(\\d+) (?:${word})\\b`, 'g'))].reduce((sum, [, n]) => sum + Number(n), 0)
  return {
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped|ignored'),
    notRun: [...new Set(lines.flatMap((line) => NOT_RUN.exec(line)?.slice(1).find(Boolean) ?? []))],
  }
}

/** `harness  412 passed, 1 failed, 3 skipped`, with a line for each reason why something was not run. */
export function formatPart(
  name: string,
  { passed, failed, skipped, notRun }: PartSummary,
  exitCode: number,
): string {
  const unexplained = exitCode !== 0 && failed === 0 ? `, exit code ${exitCode}` : ''
  return [
    `${name.padEnd(8)} ${passed} passed, ${failed} failed, ${skipped} skipped${unexplained}`,
    ...notRun.map((reason) => `${' '.repeat(9)}not run: ${reason}`),
  ].join('\n')
}
