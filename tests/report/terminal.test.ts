import * as fc from 'fast-check'
import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { wrapItems } from '../../harness/report/wrap-text.ts'
import { formatTerminal } from '../../harness/report/test-lines.ts'
import { failedTest, passedTest, report } from './report.ts'

const run = report({
  outcome: 'failed',
  tests: [
    passedTest,
    failedTest,
    { ...passedTest, name: 'a plain test', expectations: [] },
    { ...passedTest, name: 'a skip', verdict: 'skipped', skipReason: 'no second node', expectations: [] },
    {
      ...passedTest,
      suite: [],
      file: 'suites/numa/topology.test.ts',
      name: 'not run',
      verdict: 'interrupted',
      expectations: [],
    },
  ],
  problems: [
    {
      code: 'CLAIM_NOT_RELEASED',
      message: 'claim a is still in use. Delete pod b.',
      hint: 'Delete pod b.',
      file: passedTest.file,
    },
  ],
})

test.for([80, 140])('a run in %i columns', (width) => {
  const text = formatTerminal(run, { width, colour: false })
  expect(text).toMatchSnapshot()
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width)
})

test('consecutive tests that were skipped for one reason share a line', () => {
  const skip = (suite: string, name: string, skipReason: string) =>
    ({ ...passedTest, suite: [suite], name, verdict: 'skipped', skipReason, expectations: [] }) as const
  const turns = ['turn 2', 'turn 3'].flatMap((turn) =>
    ['writes', 'reads'].map((name) => skip(turn, name, 'every two GPUs were paired')),
  )
  const tests = [passedTest, ...turns, skip('turn 3', 'drifts', 'no GPU'), skip('turn 3', 'ends', 'no GPU')]
  const text = formatTerminal({ ...run, tests }, { width: 100, colour: false })
  expect(text).toContain('\n  - 4 tests of 2 groups: skipped, every two GPUs were paired\n')
  expect(text).not.toContain('writes')
  expect(text).toContain('- drifts: skipped, no GPU')
})

test('colours do not change the text', () => {
  const text = formatTerminal(run, { width: 80, colour: true })
  expect(text).toContain('\u001B[33mEMULATED\u001B[39m')
  expect(stripVTControlCharacters(text)).toBe(formatTerminal(run, { width: 80, colour: false }))
})

test('wrapping loses no word and keeps to the width unless a word is wider', () => {
  const word = fc.stringMatching(/^[a-z]{1,12}$/)
  const phrases = fc.array(
    fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => words.join(' ')),
    { minLength: 1 },
  )
  fc.assert(
    fc.property(phrases, fc.integer({ min: 14, max: 60 }), (texts, width) => {
      const lines = wrapItems(texts, width)
      expect(lines.join(' ')).toBe(texts.join(', '))
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(width)
    }),
  )
})
