/** A pinned wheel, downloaded by the real pip from a folder on this machine, so that no test depends on PyPI. */
import { createHash } from 'node:crypto'
import { chmodSync, chownSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
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
  expect(readdirSync(folder, { recursive: true }).sort()).toEqual([
    '.claimcheck-files.json',
    'demo',
    'demo/bin',
    'demo/bin/tool',
  ])
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

test.for<[string, (tool: string) => void, string]>([
  ['truncated', (tool) => truncateSync(tool, 5), 'demo/bin/tool has 5 bytes instead of 23'],
  [
    'replaced by one of the same size',
    (tool) => writeFileSync(tool, '#!/bin/sh\necho another\n'),
    'demo/bin/tool has SHA-256',
  ],
  ['removed', (tool) => rmSync(tool), 'demo/bin/tool is missing'],
  ['writable for every user', (tool) => chmodSync(tool, 0o777), 'demo/bin/tool can be written by every user'],
])('an unpacked file that was %s is not used', async ([, change, found]) => {
  const cache = temporaryFolder()
  const folder = await provideWheel(wheel(), cache, () => undefined)
  change(join(folder, 'demo/bin/tool'))
  await expect(provideWheel(wheel(), cache, () => undefined)).rejects.toMatchObject({
    code: 'NATIVE_BUILD_FAILED',
    found: expect.stringContaining(found) as string,
    hint: expect.stringContaining(`Remove the folder ${folder} and run again`) as string,
  })
})

test.runIf(process.getuid?.() === 0)('an unpacked file of another user is not used', async () => {
  const cache = temporaryFolder()
  const folder = await provideWheel(wheel(), cache, () => undefined)
  chownSync(join(folder, 'demo/bin/tool'), 12345, 12345)
  await expect(provideWheel(wheel(), cache, () => undefined)).rejects.toThrow('belongs to user 12345')
})

test('a file that was only copied or touched is used', async () => {
  const cache = temporaryFolder()
  const folder = await provideWheel(wheel(), cache, () => undefined)
  utimesSync(join(folder, 'demo/bin/tool'), 1, 1)
  expect(await provideWheel(wheel(), cache, () => undefined)).toBe(folder)
})

test('a truncated library in a folder without a record is not used', async () => {
  const cache = temporaryFolder()
  const folder = join(cache, 'demo-1.0')
  mkdirSync(folder)
  const library = join(folder, 'library.so')
  copyFileSync(process.execPath, library)
  truncateSync(library, 1_000_000)
  await expect(provideWheel(wheel(), cache, () => undefined)).rejects.toThrow('library.so is truncated')
  copyFileSync('/bin/true', library)
  expect(await provideWheel(wheel(), cache, () => undefined)).toBe(folder)
})

test('a full disk is named, below whatever traceback pip prints', async () => {
  const path = temporaryFolder()
  const frames = Array.from({ length: 30 }, (_, line) => `  File "pip/${line}.py", line ${line}, in run`)
  const said = ['Traceback (most recent call last):', ...frames, 'OSError: [Errno 28] No space left on device']
  writeFileSync(join(path, 'python3'), `#!/bin/sh\ncat >&2 <<'END'\n${said.join('\n')}\nEND\nexit 2\n`)
  chmodSync(join(path, 'python3'), 0o755)
  vi.stubEnv('PATH', `${path}:${process.env['PATH'] ?? ''}`)
  await expect(provideWheel(wheel(), temporaryFolder(), () => undefined)).rejects.toMatchObject({
    found: 'OSError: [Errno 28] No space left on device',
    hint: expect.stringContaining('Free space in the cache folder') as string,
  })
})
