/** A mistake in a file is reported with its line and column, and with the name that was probably meant. */
import { execFileSync } from 'node:child_process'
import { chmodSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { parseYaml, readYamlFile } from '../../harness/core/yaml-file.ts'
import { temporaryFolder } from '../support/rack-file.ts'

const schema = z.strictObject({
  name: z.string(),
  ports: z.array(z.strictObject({ number: z.int(), speed: z.string().optional() })),
})

const messageOf = (text: string): string => {
  try {
    parseYaml(text, 'f.yaml', schema)
  } catch (error) {
    return `${(error as { code?: string }).code}: ${(error as Error).message}`
  }
  return 'none'
}

test.for([
  ['name: a\nports: []\nprots: []\n', 'f.yaml:3:1 at the top: unknown key "prots"; did you mean "ports"?'],
  [
    'name: a\nports:\n  - number: 1\n  - { number: 2, sped: x }\n',
    'f.yaml:4:18 at ports[1]: unknown key "sped"; did you mean "speed"?',
  ],
  [
    'name: a\nports: []\nqqqqqq: 1\n',
    'f.yaml:3:1 at the top: unknown key "qqqqqq"; the keys here are name, ports',
  ],
  [
    'name: a\nports:\n  - number: one\n',
    'f.yaml:3:13 at ports[0].number: Invalid input: expected number, received string',
  ],
  ['name: a\n', 'f.yaml:1:1 at ports: Invalid input: expected array, received undefined'],
  ['name: [a\nports: []\n', 'f.yaml:2:1 is not YAML: '],
  ['name: a\nname: b\nports: []\n', 'f.yaml:2:1 is not YAML: Map keys must be unique'],
  ['', 'f.yaml:1:1 at the top: Invalid input: expected object, received null'],
] as const)('%j', ([text, expected]) => {
  expect(messageOf(text)).toContain(`FILE_INVALID: ${expected}`)
})

test('every mistake is reported with its position', () => {
  expect(messageOf('name: 1\nports: []\nprots: []\n')).toBe(
    'FILE_INVALID: f.yaml:1:7 at name: Invalid input: expected string, received number\n' +
      '  f.yaml:3:1 at the top: unknown key "prots"; did you mean "ports"?',
  )
})

test.for([
  ['a flow sequence nested 2,000 deep', '['.repeat(2000) + ']'.repeat(2000), 'at most 64 levels of nesting'],
  ['a block sequence nested 100,000 deep', `${'- '.repeat(1e5)}x`, 'at most 64 levels of nesting'],
  ['explicit keys nested 100,000 deep', `${'? '.repeat(1e5)}x`, 'at most 64 levels of nesting'],
  [
    '100,000 keys',
    Array.from({ length: 1e5 }, (_, index) => `k${index}: 1`).join('\n'),
    'at most 200000 words and signs',
  ],
  ['10,000 closing brackets', `name: [${'}'.repeat(1e4)}`, 'FILE_INVALID'],
  ['3 MB of text', `name: ${'x'.repeat(3e6)}`, 'at most 2097152 characters'],
  ['an alias of the collection around it', '&a [*a]', 'FILE_INVALID: f.yaml'],
  ['another version of YAML', '%YAML 1.1\n---\nname: yes\nports: []\n', 'expected YAML 1.2, found 1.1'],
  ['a tag of another language', 'name: !!js/function x\nports: []\n', 'Unresolved tag'],
  ['keys that differ only in their notation', 'name: a\n"name": b\nports: []\n', 'Map keys must be unique'],
  ['a collection as a key', '[name]: a\nports: []\n', 'FILE_INVALID: f.yaml:1:1'],
  ['two documents', 'name: a\nports: []\n---\nname: b\nports: []\n', 'more than one document'],
] as const)('%s', ([, text, expected]) => {
  expect(messageOf(text).slice(0, 5000)).toContain(expected)
})

test('2,000 keys are read', () => {
  const keys = Array.from({ length: 2000 }, (_, index) => `k${index}`)
  const text = keys.map((key) => `${key}: 1`).join('\n')
  expect(Object.keys(parseYaml(text, 'f.yaml', z.record(z.string(), z.int())))).toEqual(keys)
})

test.for([
  [
    'text that is not UTF-8',
    (path: string): void => writeFileSync(path, Buffer.from([0x6e, 0xff, 0xfe])),
    'UTF-8',
  ],
  ['a FIFO', (path: string): void => void execFileSync('mkfifo', [path]), 'it is a FIFO, not a file'],
  [
    'a file of 600 MB',
    (path: string): void => {
      writeFileSync(path, '')
      truncateSync(path, 600_000_000)
    },
    'it has 600000000 bytes',
  ],
] as const)('%s is refused', ([, write, expected]) => {
  const path = join(temporaryFolder(), 'f.yaml')
  write(path)
  expect(() => readYamlFile(path, schema)).toThrow(expected)
})

test('a file of the kernel that has more bytes than its size says is read up to the limit', () => {
  expect(() => readYamlFile('/proc/self/pagemap', schema)).toThrow('it has more than 4194304 bytes')
})

test('aliases that expand exponentially are rejected', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]']
  for (const [name, before] of ['ba', 'cb', 'dc', 'ed', 'fe', 'gf', 'hg'].map((pair) => pair.split('')))
    bomb.push(`${name}: &${name} [${Array(9).fill(`*${before}`).join(', ')}]`)
  expect(messageOf(bomb.join('\n'))).toContain('FILE_INVALID: f.yaml')
})

test('a missing file, and a folder in its place, are named', () => {
  const folder = temporaryFolder()
  const missing = join(folder, 'none.yaml')
  expect(() => readYamlFile(missing, schema)).toThrow(
    expect.objectContaining({
      code: 'FILE_UNREADABLE',
      subject: missing,
      found: expect.stringContaining('ENOENT'),
    }),
  )
  expect(() => readYamlFile(folder, schema)).toThrow(
    expect.objectContaining({ code: 'FILE_UNREADABLE', found: expect.stringContaining('a directory') }),
  )
})

test.skipIf(process.getuid?.() === 0)('a file without read permission is named', () => {
  const path = join(temporaryFolder(), 'f.yaml')
  writeFileSync(path, 'name: a')
  chmodSync(path, 0)
  expect(() => readYamlFile(path, schema)).toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE' }))
})
