/** A log that was cut, doubled, mixed or changed never becomes a figure. */
import { isDeepStrictEqual } from 'node:util'
import { assert, constantFrom, integer, property } from 'fast-check'
import { expect, test } from 'vitest'
import { TransferLog } from '../../harness/transfer/transfer-log.ts'
import { endLine, genuine, genuineResult, read, resealed, resultLine, withFields } from './recorded-log.ts'

const codeOf = (log: string): unknown => {
  try {
    return read(log)
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}

test('the genuine log gives its figure', () => {
  expect(read(genuine)).toEqual(genuineResult)
  expect(read(withFields({}))).toEqual(genuineResult)
})

test('lines of others in between change nothing', () => {
  const noisy = genuine
    .split('\n')
    .flatMap((line) => ['', 'UCX  WARN  something', line, 'RESULTS are near', '{"a":1}', 'END'])
  expect(read(noisy.join('\n'))).toEqual(genuineResult)
})

test.for([
  ['nothing at all', '', 'RESULT_MISSING'],
  ['no RESULT', genuine.replace(`${resultLine}\n`, ''), 'RESULT_MISSING'],
  ['no END', genuine.replace(`\n${endLine}`, ''), 'RESULT_TRUNCATED'],
  ['an END that vouches for nothing', genuine.replace(endLine, 'END {}'), 'RESULT_TRUNCATED'],
  ['the END of another RESULT', genuine.replace(endLine, otherEnd()), 'RESULT_TRUNCATED'],
  ['an END that is no JSON', genuine.replace(endLine, 'END {'), 'RESULT_INVALID'],
  ['the same RESULT twice', genuine.replace(resultLine, `${resultLine}\n${resultLine}`), 'RESULT_DUPLICATE'],
  ['the whole log twice', `${genuine}\n${genuine}`, 'RESULT_DUPLICATE'],
  ['a RESULT that is no JSON', resealed('it went well'), 'RESULT_INVALID'],
  ['a RESULT that is a number', resealed('39.07'), 'RESULT_INVALID'],
  ['an EVENT that is no JSON', `EVENT it goes well\n${genuine}`, 'RESULT_INVALID'],
] as const)('%s', ([, log, code]) => {
  expect(codeOf(log)).toBe(code)
})

function otherEnd(): string {
  const other = withFields({ hostname: 'another' })
  return other.slice(other.lastIndexOf('END '))
}

test("the binary's own error is told when there is no RESULT", () => {
  const log =
    'ERROR {"code":"LINK_DOWN","message":"rdma3 went down","subject":"rdma3","hint":"Look at its cable."}'
  expect(() => read(log)).toThrow(
    expect.objectContaining({
      code: 'LINK_DOWN',
      subject: 'rdma3',
      message: 'pod kv-initiator on node-b: rdma3 went down',
      hint: 'Look at its cable.',
    }),
  )
})

test('an error after a RESULT is not forgotten', () => {
  const transcript = new TransferLog('pod')
  for (const line of [...genuine.split('\n'), 'ERROR {"code":"PEER_GONE","message":"gone"}'])
    transcript.add(line)
  expect(transcript.error()?.code).toBe('TRANSFER_FAILED')
})

test('no cut leaves a figure', () => {
  assert(
    property(integer({ min: 0, max: genuine.length - 1 }), (length) => {
      expect(codeOf(genuine.slice(0, length))).toMatch(/^RESULT_/)
    }),
    { numRuns: 500 },
  )
})

test('no lost line leaves another figure', () => {
  const lines = genuine.split('\n')
  for (const lost of lines.keys()) {
    const outcome = codeOf(lines.filter((_, index) => index !== lost).join('\n'))
    expect([genuineResult, 'RESULT_MISSING', 'RESULT_TRUNCATED']).toContainEqual(outcome)
  }
})

test('no changed character changes the figure, and none in RESULT or END leaves one', () => {
  const begin = genuine.indexOf(resultLine)
  assert(
    property(
      integer({ min: 0, max: genuine.length - 1 }),
      constantFrom(...'0123456789.,:"{}[]-eEaZ \n\u0000\u00ff'.split('')),
      (at, other) => {
        const outcome = codeOf(genuine.slice(0, at) + other + genuine.slice(at + 1))
        const refused = String(outcome).startsWith('RESULT_')
        const untouched = at < begin && isDeepStrictEqual(outcome, genuineResult)
        return refused || untouched || genuine[at] === other
      },
    ),
    { numRuns: 2000 },
  )
})
