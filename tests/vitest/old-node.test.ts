/**
 * The configuration of a run loads on an old Node, which it then refuses: a missing export of Node would end it before, with a
 * message about that export and with the reports of the run before.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { PROJECT } from '../support/run-suite.ts'

/** What Node 20 does not export. */
const NEWER: ReadonlySet<string> = new Set([
  'glob',
  'globSync',
  'registerHooks',
  'stripTypeScriptTypes',
  'getCACertificates',
])
/** Packages that do not load on Node 20. */
const NEWER_PACKAGES: ReadonlySet<string> = new Set(['undici', '@kubernetes/client-node'])

interface Imported {
  readonly names: readonly string[]
  readonly from: string
}

/** The static imports of a file, without types. */
const importsOf = (file: string): readonly Imported[] =>
  [...readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?!type )([^;']*?)from '([^']+)'/gm)].map(
    ([, names = '', from = '']) => ({
      names:
        /\{([^}]*)\}/
          .exec(names)?.[1]
          ?.split(',')
          .map((name) => name.trim()) ?? [],
      from,
    }),
  )

test('nothing that the configuration imports needs a newer Node', () => {
  const files = new Set([join(PROJECT, 'harness/vitest/config.ts')])
  const needed: string[] = []
  for (const file of files)
    for (const { names, from } of importsOf(file)) {
      if (from.startsWith('.')) files.add(join(dirname(file), from))
      else if (NEWER_PACKAGES.has(from)) needed.push(`${file}: ${from}`)
      else if (from.startsWith('node:'))
        needed.push(...names.filter((name) => NEWER.has(name)).map((name) => `${file}: ${name}`))
    }
  expect(files.size).toBeGreaterThan(100)
  expect(needed).toEqual([])
})
