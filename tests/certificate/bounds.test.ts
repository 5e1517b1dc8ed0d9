/** A file that is no certificate, however large, deep or unreadable, is an error and not a crash. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../support/rack-file.ts'
import { claimcheck } from '../cli/claimcheck.ts'

const head = '{"schema": "claimcheck.certificate/1", "tests": '

describe('verify', () => {
  test.for<[string, (path: string) => void, RegExp]>([
    [
      'a file of 600 MB',
      (path) => {
        writeFileSync(path, '')
        truncateSync(path, 600_000_000)
      },
      /FILE_UNREADABLE: .* it has 600000000 bytes, and 67108864 bytes are the most that are read/,
    ],
    ['a FIFO', (path) => execFileSync('mkfifo', [path]), /FILE_UNREADABLE: .* it is a FIFO, not a file/],
    ['a directory', (path) => mkdirSync(path), /FILE_UNREADABLE: .* it is a directory, not a file/],
    [
      'arrays nested 1,000,000 deep',
      (path) => writeFileSync(path, `${head}${'['.repeat(1e6)}${']'.repeat(1e6)}}`),
      /FILE_INVALID: .* expected at most 64 levels of nesting, found more/,
    ],
    [
      'objects nested 100,000 deep',
      (path) => writeFileSync(path, `${head}${'{"a":'.repeat(1e5)}1${'}'.repeat(1e5)}}`),
      /FILE_INVALID: .* expected at most 64 levels of nesting, found more/,
    ],
    [
      'an array of 10,000,000 numbers',
      (path) => writeFileSync(path, `${head}[${'1,'.repeat(1e7)}1]}`),
      /FILE_INVALID: .* expected at most 50000 entries in an array or object, found 10000001/,
    ],
    [
      'many wrong fields',
      (path) => writeFileSync(path, `${head}[${'{},'.repeat(4e4)}{}]}`),
      /FILE_INVALID: .* fields that do not match the schema/,
    ],
  ])('reports %s', async ([, write, told]) => {
    const path = join(temporaryFolder(), 'certificate.json')
    write(path)
    const said = await claimcheck(['verify', path])
    expect(said).toMatchObject({ exitCode: 1, stdout: '' })
    expect(said.stderr).toMatch(told)
    expect(said.stderr.length).toBeLessThan(1000)
  })
})

test('compare reports a FIFO', async () => {
  const path = join(temporaryFolder(), 'certificate.json')
  execFileSync('mkfifo', [path])
  const said = await claimcheck(['compare', path, path])
  expect(said).toMatchObject({ exitCode: 1, stdout: '' })
  expect(said.stderr).toMatch(/FILE_UNREADABLE: .* it is a FIFO, not a file/)
})
