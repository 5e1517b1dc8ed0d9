import { expect, test } from 'vitest'
import { formatPart, summarizePart } from '../../tools/test/part-summary.ts'

test('counts of several cargo runs are added up, and untested Go modules are named', () => {
  const output = [
    'test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s',
    'test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s',
    'native/lab/init was not tested: no go on the PATH',
  ].join('\n')
  expect(formatPart('native', summarizePart(output), 101)).toMatchInlineSnapshot(`
    "native   15 passed, 2 failed, 1 skipped
             not run: native/lab/init was not tested: no go on the PATH"
  `)
})

test("Vitest's closing line is read without its colours, and other lines with counts are not", () => {
  const output = [
    '\u001B[2m Test Files \u001B[22m 1 failed | 9 passed (10)',
    '\u001B[2m      Tests \u001B[22m \u001B[31m1 failed\u001B[39m | \u001B[32m44 passed\u001B[39m | \u001B[33m16 skipped\u001B[39m (61)',
    'Not run: 16 tests: this machine has no GPU',
  ].join('\n')
  expect(formatPart('harness', summarizePart(output), 1)).toMatchInlineSnapshot(`
    "harness  44 passed, 1 failed, 16 skipped
             not run: 16 tests: this machine has no GPU"
  `)
})

test('a part that failed without a failed test shows its exit code', () => {
  expect(formatPart('lab', summarizePart('Error: no config'), 2)).toBe(
    'lab      0 passed, 0 failed, 0 skipped, exit code 2',
  )
})
