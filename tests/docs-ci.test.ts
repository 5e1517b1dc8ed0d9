/** The CI examples name commands, options, variables and files of claimcheck that exist. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { main } from '../harness/cli/main.ts'
import { readSettings } from '../harness/core/variables.ts'

const PROJECT = resolve(import.meta.dirname, '..')
const FOLDER = join(PROJECT, 'docs/ci')
const examples = globSync('{*.yml,*.yaml,Jenkinsfile}', { cwd: FOLDER }).sort()

async function helpOfRun(): Promise<string> {
  let output = ''
  const stream = { write: (text: string) => (output += text) }
  await main(['run', '--help'], { env: {}, stdout: stream, stderr: stream })
  return output
}

test('there is an example for each system that the page lists', () => {
  const page = readFileSync(join(FOLDER, 'README.md'), 'utf8')
  const listed = [...page.matchAll(/^\| \[([^\]]+)\]/gm)].flatMap(([, name]) => name ?? [])
  expect(listed.sort()).toEqual(examples)
})

describe.for(examples)('%s', (name) => {
  const text = readFileSync(join(FOLDER, name), 'utf8')

  test.skipIf(name === 'Jenkinsfile')('is YAML', () => {
    expect(parseAllDocuments(text).flatMap(({ errors }) => errors)).toEqual([])
  })

  test('runs claimcheck with options that it has', async () => {
    const commands = [...text.matchAll(/(?:npx claimcheck|\[claimcheck,) ([a-z]+)([^'\]\n]*)/g)]
    expect(commands.length).toBeGreaterThan(0)
    expect(commands.filter(([, command]) => command !== 'run')).toEqual([])
    const help = await helpOfRun()
    const options = commands.flatMap(([, , rest = '']) => rest.match(/--[a-z-]+/g) ?? [])
    expect(options.filter((option) => !help.includes(` ${option} `))).toEqual([])
  })

  test('sets variables that go together', () => {
    const pairs = [...text.matchAll(/\b(CLAIMCHECK_[A-Z_]+)(?: = '|: |, value: )([\w./-]+)/g)]
    const clusters = Object.fromEntries(pairs.map(([, variable = '', value = '']) => [variable, value]))
    expect(() => readSettings({ ...clusters, CLAIMCHECK_RUNTIME: undefined })).not.toThrow()
    const { CLAIMCHECK_SKU: sku = 'skus/h100x8.yaml' } = clusters
    expect(existsSync(join(PROJECT, 'fixtures', sku))).toBe(true)
  })
})
