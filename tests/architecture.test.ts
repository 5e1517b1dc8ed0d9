/** The house as ARCHITECTURE.md draws it: who may import whom, and that every file says what it is for. */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const PROJECT = resolve(import.meta.dirname, '..')
const HARNESS = join(PROJECT, 'harness')
/** The way of the data; a folder imports from core and from folders to its left. */
const ORDER = [
  'core',
  'sku',
  'rack',
  'claim',
  'native',
  'target',
  'transfer',
  'measure',
  'expect',
  'report',
  'certificate',
  'simulate',
  'vitest',
  'cli',
]

const files = globSync('**/*.ts', { cwd: HARNESS }).sort()
const folderOf = (file: string): string => file.split('/')[0] ?? ''
const importsOf = (text: string): string[] =>
  [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].flatMap((match) => match[1] ?? [])

describe.for(files)('%s', (file) => {
  const text = readFileSync(join(HARNESS, file), 'utf8')

  test('imports only from its left', () => {
    const own = ORDER.indexOf(folderOf(file))
    expect(own, `${folderOf(file)} is not one of ${ORDER.join(', ')}`).toBeGreaterThanOrEqual(0)
    const inner = importsOf(text)
      .filter((path) => path.startsWith('.'))
      .map((path) => relative(HARNESS, resolve(HARNESS, dirname(file), path)))
    expect(inner.filter((path) => path.startsWith('..') && path !== '../package.json')).toEqual([])
    expect(inner.filter((path) => ORDER.indexOf(folderOf(path)) > own)).toEqual([])
  })

  test('says first what it takes and gives', () => {
    expect(text).toMatch(/^\/\*\*[^*]/)
  })
})

test('the Kubernetes client stays in target/cluster', () => {
  const users = files.filter((file) =>
    importsOf(readFileSync(join(HARNESS, file), 'utf8')).some((path) => path.startsWith('@kubernetes/')),
  )
  expect(users.filter((file) => !file.startsWith('target/cluster/'))).toEqual([])
})

test('suites speak no Kubernetes', () => {
  const suites = globSync('suites/**/*.ts', { cwd: PROJECT })
  expect(suites.length).toBeGreaterThan(0)
  for (const suite of suites) {
    const text = readFileSync(join(PROJECT, suite), 'utf8')
    expect(
      importsOf(text).filter((path) => !path.endsWith('harness/vitest/suite.ts')),
      suite,
    ).toEqual([])
    expect(text, suite).not.toMatch(/ResourceClaim|ResourceSlice|DeviceClass|apiVersion|kubectl/)
  }
})
