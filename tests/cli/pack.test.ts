/** The contents of an archive: the libraries and packages that a run depends on. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { closureOf, neededBy } from '../../harness/cli/pack/elf-closure.ts'
import { modulesFor } from '../../harness/cli/pack/module-closure.ts'
import { readSettings } from '../../harness/core/variables.ts'
import { provideNixl } from '../../harness/native/nixl.ts'
import { temporaryFolder } from '../support/rack-file.ts'
import { PROJECT } from '../support/run-suite.ts'

test('the libraries of a program are read from its ELF file', () => {
  expect(neededBy(readFileSync(process.execPath))).toEqual(expect.arrayContaining(['libc.so.6', 'libm.so.6']))
})

test("NIXL's C library and its UCX include UCX and nothing that no suite uses", async () => {
  const { folder, capi } = await provideNixl(readSettings(process.env).cacheDir, () => undefined)
  const libraries = '.nixl_cu12.mesonpy.libs'
  const roots = [`${libraries}/${basename(capi)}`, `${libraries}/plugins/libplugin_UCX.so`]
  const names = closureOf(folder, roots, [libraries, 'nixl_cu12.libs']).map((path) => basename(path))
  for (const wanted of [/^libnixl\.so$/, /^libucp-/, /^libuct-/, /^libucs-/, /^libplugin_UCX\.so$/])
    expect(names.filter((name) => wanted.test(name))).toHaveLength(1)
  expect(names.filter((name) => /libplugin_GDS|libfabric|aws/i.test(name))).toEqual([])
})

test('the dependencies of Vitest are included, with the build for this machine, and none of other targets', () => {
  const found = modulesFor(PROJECT, ['vitest', 'vite', 'zod', 'execa'])
  expect(found).toEqual(
    expect.arrayContaining(['node_modules/vite', 'node_modules/rolldown', 'node_modules/chai']),
  )
  expect(found.filter((folder) => folder.includes('@rolldown/binding-')).length).toBeGreaterThan(0)
  expect(found.filter((folder) => /@kubernetes|testcontainers|lightningcss/.test(folder))).toEqual([])
  for (const folder of found) expect(existsSync(join(PROJECT, folder, 'package.json')), folder).toBe(true)
})

test('a truncated archive fails with a message and leaves nothing', async () => {
  const folder = temporaryFolder()
  const script = readFileSync(join(PROJECT, 'harness/cli/pack/unpack.sh'), 'utf8')
  const run = await execa('sh', ['-c', script, '/dev/null'], { env: { TMPDIR: folder }, reject: false })
  expect(run.exitCode).toBe(1)
  expect(run.stderr).toContain('claimcheck: the archive could not be unpacked')
  expect(readdirSync(folder)).toEqual([])
})
