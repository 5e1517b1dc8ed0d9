/** Every link, path, npm script, command, matcher and setting that the documentation names exists. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { main } from '../harness/cli/main.ts'
import { readSettings } from '../harness/core/variables.ts'
import { matcherDefinitions } from '../harness/expect/matcher-definitions.ts'

const PROJECT = resolve(import.meta.dirname, '..')
const HARNESS = join(PROJECT, 'harness')
const { scripts } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}

const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  ...globSync('docs/**/*.md', { cwd: PROJECT }).sort(),
]
const matches = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? '')),
]

/** Paths are relative to the project's folder or to `harness/`. */
const isThere = (path: string): boolean =>
  [PROJECT, HARNESS].some((base) => globSync(path.replace(/\/$/, ''), { cwd: base }).length > 0)
const FOLDERS = new Set(globSync('*/', { cwd: PROJECT }).map((folder) => folder.replace(/\/$/, '')))
/** What a run, a build or an archive creates. */
const GENERATED = ['reports', 'bundled', 'node_modules', 'dist', 'native/prebuilt']

/** Whether a word is a path of this project: it begins with one of its folders, or names a folder or source file. */
function isOwnPath(word: string): boolean {
  const first = word.split('/')[0] ?? ''
  if (first === '..' || GENERATED.some((folder) => `${word}/`.startsWith(`${folder}/`))) return false
  return FOLDERS.has(first) || /(?:\/|\.(?:ts|rs|go|md|yaml))$/.test(word)
}

/** The usage line of a command; for a command that does not exist, that of the command line itself. */
async function usage(words: readonly string[]): Promise<string> {
  let output = ''
  const stream = { write: (text: string) => (output += text) }
  await main([...words, '--help'], { env: {}, stdout: stream, stderr: stream })
  return output.split('\n')[0] ?? ''
}

describe.for(pages)('%s', (page) => {
  const text = readFileSync(join(PROJECT, page), 'utf8')
  const code = matches(text, /(`[^`\n]+`|^ {4}\S.*$|^```[^]*?^```$)/gm).join('\n')

  test('links to files that exist', () => {
    const links = matches(text, /\]\(([^)#\s]+)(?:#[^)]*)?\)/g).filter((link) => !/^[a-z]+:/.test(link))
    expect(links.filter((link) => !existsSync(join(PROJECT, dirname(page), link)))).toEqual([])
  })

  test('names paths that exist', () => {
    const words = matches(text, /(?:^|[\s`'"(=[])(?:\.\.\/)*([\w.@*-]+\/[\w.@*/-]*)/gm)
    const paths = words.map((word) => word.replace(/\.$/, '')).filter(isOwnPath)
    expect(paths.filter((path) => !isThere(path))).toEqual([])
  })

  test('names npm scripts that exist', () => {
    expect(matches(code, /\bnpm run ([\w:-]+)/g).filter((name) => scripts[name] === undefined)).toEqual([])
  })

  test('names commands of claimcheck that exist', async () => {
    const commands = matches(code, /(?:npx |^`?)claimcheck ((?:lab )?[a-z]+)/gm)
    const shown = await Promise.all(commands.map((command) => usage(command.split(' '))))
    expect(
      commands.filter((command, index) => !shown[index]?.startsWith(`Usage: claimcheck ${command} `)),
    ).toEqual([])
  })

  test('names matchers that exist', () => {
    expect(matches(code, /\b(to[A-Z]\w+)\b/g).filter((name) => !(name in matcherDefinitions))).toEqual([])
  })

  test('names settings that exist', () => {
    const unknown = matches(text, /\b(CLAIMCHECK_[A-Z_]*[A-Z])\b/g).filter((name) => {
      try {
        readSettings({ [name]: '' })
        return false
      } catch (error) {
        return (error as { code?: string }).code === 'VARIABLE_UNKNOWN'
      }
    })
    expect(unknown).toEqual([])
  })
})
