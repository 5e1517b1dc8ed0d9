/** A mistake in a file is reported with its line and column, and with the name that was probably meant. */
import { chmodSync, writeFileSync } from 'node:fs'
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
    expect.objectContaining({ code: 'FILE_UNREADABLE', found: expect.stringContaining('EISDIR') }),
  )
})

test.skipIf(process.getuid?.() === 0)('a file without read permission is named', () => {
  const path = join(temporaryFolder(), 'f.yaml')
  writeFileSync(path, 'name: a')
  chmodSync(path, 0)
  expect(() => readYamlFile(path, schema)).toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE' }))
})
