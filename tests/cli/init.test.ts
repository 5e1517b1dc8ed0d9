import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { initProject } from '../../harness/cli/init.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { temporaryFolder } from '../support/rack-file.ts'

test('a project has a suite, a rack with its SKU, a configuration and an example for a CI', () => {
  const folder = temporaryFolder()
  const said: string[] = []
  initProject(folder, (line) => said.push(line))
  const written = said.flatMap((line) => /^Wrote (.+)$/.exec(line)?.[1] ?? [])
  expect(written).toEqual([
    'vitest.config.mts',
    'suites/kv-cache.test.ts',
    'skus/h100x8.yaml',
    'racks/h100-2node.yaml',
    '.github/workflows/claimcheck.yml',
    '.gitignore',
  ])
  expect(written.filter((file) => !existsSync(join(folder, file)))).toEqual([])
  expect(loadRack(join(folder, 'racks/h100-2node.yaml')).skuPath).toBe(join(folder, 'skus/h100x8.yaml'))
})

test('nothing is overwritten, and a .gitignore is kept', () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'vitest.config.ts'), 'mine')
  expect(() => initProject(folder, () => undefined)).toThrow('vitest.config.ts exists and is not overwritten')
  expect(readdirSync(folder)).toEqual(['vitest.config.ts'])
  expect(readFileSync(join(folder, 'vitest.config.ts'), 'utf8')).toBe('mine')
  const other = temporaryFolder()
  writeFileSync(join(other, '.gitignore'), 'mine')
  const said: string[] = []
  initProject(other, (line) => said.push(line))
  expect(said).toContain('Kept .gitignore; it should list node_modules/ and reports/')
  expect(readFileSync(join(other, '.gitignore'), 'utf8')).toBe('mine')
})
