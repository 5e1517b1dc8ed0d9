/** A pinned wheel, downloaded by the real pip from a folder on this machine, so that no test depends on PyPI. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { arch } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeEach, expect, test, vi } from 'vitest'
import { provideWheel, type PinnedWheel } from '../../harness/native/python-wheel.ts'
import { temporaryFolder } from '../support/rack-file.ts'

const MAKE_WHEEL = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as wheel:
    wheel.writestr('demo/bin/tool', '#!/bin/sh\\necho it runs\\n')
    wheel.writestr('demo/__init__.py', '')
    wheel.writestr('demo_tool-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: demo-tool\\nVersion: 1.0\\n')
    wheel.writestr('demo_tool-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr('demo_tool-1.0.dist-info/RECORD', '')
`
const FILE = 'demo_tool-1.0-py3-none-any.whl'

let index: string
beforeEach(async () => {
  index = temporaryFolder()
  await execa('python3', ['-c', MAKE_WHEEL, join(index, FILE)])
  vi.stubEnv('PIP_NO_INDEX', '1')
  vi.stubEnv('PIP_FIND_LINKS', index)
  return () => vi.unstubAllEnvs()
})

function wheel(change: Partial<PinnedWheel> = {}, sha256 = hashOf(join(index, FILE))): PinnedWheel {
  return {
    package: 'demo-tool',
    version: '1.0',
    title: 'demo',
    tag: 'py3-none',
    builds: { [arch()]: { platform: 'any', sha256 } },
    files: '^demo/bin/',
    folder: () => 'demo-1.0',
    error: 'NATIVE_BUILD_FAILED',
    ...change,
  }
}
const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

test('unpacks the chosen files, executable, and only once', async () => {
  const cache = temporaryFolder()
  const said: string[] = []
  const folder = await provideWheel(wheel(), cache, (line) => said.push(line))
  expect(readdirSync(folder, { recursive: true }).sort()).toEqual(['demo', 'demo/bin', 'demo/bin/tool'])
  expect(statSync(join(folder, 'demo/bin/tool')).mode & 0o777).toBe(0o755)
  expect((await execa(join(folder, 'demo/bin/tool'))).stdout).toBe('it runs')
  expect(await provideWheel(wheel(), cache, (line) => said.push(line))).toBe(folder)
  expect(said).toEqual(['Fetching demo 1.0 from PyPI (once)', 'Unpacking demo 1.0'])
  expect(readdirSync(cache)).toEqual(['demo-1.0'])
})

test('refuses a wheel with another hash', async () => {
  const cache = temporaryFolder()
  const work = provideWheel(wheel({}, '0'.repeat(64)), cache, () => undefined)
  await expect(work).rejects.toMatchObject({
    code: 'NATIVE_BUILD_FAILED',
    expected: `SHA-256 ${'0'.repeat(64)}`,
    found: hashOf(join(index, FILE)),
  })
  expect(readdirSync(cache)).toEqual([])
})

test('reports a version that pip cannot find', async () => {
  const cache = temporaryFolder()
  const work = provideWheel(wheel({ version: '2.0' }), cache, () => undefined)
  await expect(work).rejects.toThrow(
    /demo 2\.0 could not be fetched with python3 -m pip: .*No matching distribution found for demo-tool==2\.0/,
  )
  expect(readdirSync(cache)).toEqual([])
})

test('reports a processor that the wheel is not built for', async () => {
  const work = provideWheel(wheel({ builds: { s390x: { platform: 'any', sha256: '' } } }), temporaryFolder(), () =>
    undefined,
  )
  await expect(work).rejects.toThrow(`demo 1.0 has no wheel for this processor: expected s390x, found ${arch()}`)
})
