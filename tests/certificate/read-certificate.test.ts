/** A certificate is read only as it was written: a changed byte, a truncated file or another schema is an error with its place. */
import { readFileSync } from 'node:fs'
import { assert, constantFrom, integer, nat, property } from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { readCertificate } from '../../harness/certificate/read-certificate.ts'
import { ClaimcheckError } from '../../harness/core/errors.ts'
import { fileOf, genuineRun } from './genuine.ts'

let bytes: Buffer

beforeAll(async () => {
  bytes = readFileSync((await genuineRun()).path)
})

function errorOf(content: string | Buffer): ClaimcheckError {
  const path = fileOf(content)
  try {
    readCertificate(path)
  } catch (error) {
    if (!(error instanceof ClaimcheckError)) throw error
    if (!error.message.includes(path)) throw new Error(`it does not name ${path}`, { cause: error })
    return error
  }
  throw new Error('it was read without a word')
}

test('any changed byte is detected', () => {
  assert(
    property(nat(bytes.length - 1), integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Buffer.from(bytes)
      changed[at] = (bytes[at] ?? 0) ^ change
      expect(['FILE_INVALID', 'CERTIFICATE_CHANGED']).toContain(errorOf(changed).code)
    }),
    { numRuns: 150 },
  )
})

test('any missing or added byte is detected', () => {
  assert(
    property(nat(bytes.length - 1), constantFrom('', '  ', '00', '""'), (at, instead) => {
      const changed = Buffer.concat([bytes.subarray(0, at), Buffer.from(instead), bytes.subarray(at + 1)])
      expect(['FILE_INVALID', 'CERTIFICATE_CHANGED']).toContain(errorOf(changed).code)
    }),
    { numRuns: 60 },
  )
})

test('a truncated file is reported at its end', () => {
  assert(
    property(nat(bytes.length - 3), (length) => {
      expect(errorOf(bytes.subarray(0, length))).toMatchObject({
        code: 'FILE_INVALID',
        message: expect.stringMatching(/\.json:\d+:\d+ ends before its JSON does/),
      })
    }),
    { numRuns: 60 },
  )
})

describe('The error names what was changed', () => {
  const text = (): string => bytes.toString()

  test('a sample: its evidence', () => {
    const error = errorOf(text().replace(/("avg_seconds": 0\.0)(\d)/, '$19'))
    expect(error).toMatchObject({
      code: 'CERTIFICATE_CHANGED',
      subject: expect.stringContaining('"evidence of suites/numa/kv-transfer.test.ts: kv-1gib"'),
    })
  })

  test('a limit: the tests', () => {
    const error = errorOf(text().replace('"by": 1.3', '"by": 1.2'))
    expect(error).toMatchObject({ code: 'CERTIFICATE_CHANGED', subject: expect.stringMatching(/: "tests"$/) })
  })

  test('the digest itself', () => {
    const error = errorOf(text().replace(/^( "digest": "sha256:).{4}/m, '$10000'))
    expect(error).toMatchObject({
      code: 'CERTIFICATE_CHANGED',
      subject: expect.stringContaining('"digest" or "sections"'),
    })
  })

  test('a space: line and column', () => {
    const error = errorOf(text().replace('\n "emulation": {', '\n\t"emulation": {'))
    expect(error).toMatchObject({
      code: 'CERTIFICATE_CHANGED',
      subject: expect.stringMatching(/\.json:\d+:1$/),
    })
  })

  test('a duplicate key: line and column', () => {
    const error = errorOf(
      text().replace('\n "verdict": "passed"', '\n "verdict": "failed",\n "verdict": "passed"'),
    )
    expect(error).toMatchObject({
      code: 'CERTIFICATE_CHANGED',
      subject: expect.stringMatching(/\.json:\d+:\d+$/),
    })
  })

  test('an unknown verdict: line, column and field', () => {
    const error = errorOf(text().replace('"verdict": "passed"', '"verdict": "passt"'))
    expect(error).toMatchObject({
      code: 'FILE_INVALID',
      message: expect.stringMatching(
        /\.json:\d+:\d+ at tests\[0\]\.expectations\[0\]\.verdict: .*found "passt"/,
      ),
    })
  })

  test('an unknown field', () => {
    const error = errorOf(text().replace('"sku": {', '"skew": 1,\n "sku": {'))
    expect(error).toMatchObject({
      code: 'FILE_INVALID',
      message: expect.stringContaining('unknown key "skew"'),
    })
  })
})

test.for([
  [
    '{"schema": "claimcheck.certificate/2", "tool": {"version": "9.9.9"}}',
    '"claimcheck.certificate/2"',
    '9.9.9',
  ],
  [
    '{"schema": "claimcheck.results/1"}',
    '"claimcheck.results/1"',
    'Use the version of claimcheck that wrote it',
  ],
  ['[]', 'no schema', 'Use the version of claimcheck that wrote it'],
  ['null', 'no schema', 'Use the version of claimcheck that wrote it'],
  ['', 'an empty file', 'Use the complete file'],
  [Buffer.from([0x22, 0xff, 0x22]), 'is not text in UTF-8', 'as it was written'],
] as const)('%j is no certificate', ([content, found, advice]) => {
  const error = errorOf(content)
  expect(error.code).toBe('FILE_INVALID')
  expect(error.message).toContain(found)
  expect(error.message).toContain(advice)
})

test('a missing file', () => {
  expect(() => readCertificate('/nowhere/certificate.json')).toThrow(
    '/nowhere/certificate.json could not be read',
  )
})
