/** A NIXL wheel that cannot be downloaded or has another hash is not used and leaves nothing in the cache folder. */
import { execa } from 'execa'
import { chmodSync, readdirSync, writeFileSync } from 'node:fs'
import { arch } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { claimcheck } from '../cli/claimcheck.ts'
import { temporaryFolder } from '../support/rack-file.ts'
import { callOf, inChild, type Called } from './call-in-child-process.ts'

const PLATFORM = arch() === 'arm64' ? 'manylinux_2_28_aarch64' : 'manylinux_2_28_x86_64'
const WHEEL = `nixl_cu12-1.5.1-cp311-cp311-${PLATFORM}.whl`

/** A folder for PATH with a python3 that runs the given script, with the usual PATH. */
function python(script: string): string {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'python3'), `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`)
  chmodSync(join(folder, 'python3'), 0o755)
  return folder
}

const callFor = (cache: string): readonly string[] =>
  callOf('harness/native/nixl.ts', 'provideNixl', `provideNixl(${JSON.stringify(cache)}, say)`)
const provide = (cache: string, path: string): Promise<Called> => inChild(callFor(cache), path)

test('without python3', async () => {
  const cache = temporaryFolder()
  const { error, said } = await provide(cache, temporaryFolder())
  expect(error).toMatchObject({
    code: 'NIXL_UNAVAILABLE',
    message: expect.stringMatching(/NIXL 1\.5\.1 could not be fetched with python3 -m pip: .*ENOENT/),
    hint: expect.stringContaining('reaches PyPI, or put the wheel nixl_cu12-1.5.1 into the cache folder'),
  })
  expect(said).toEqual(['Fetching NIXL 1.5.1 from PyPI (about 68 MB, once)'])
  expect(readdirSync(cache)).toEqual([])
})

test('with a pip that has no network', async () => {
  const cache = temporaryFolder()
  const path = python('echo "ERROR: No matching distribution found for nixl-cu12==1.5.1" >&2; exit 1')
  const { error } = await provide(cache, path)
  expect(error?.code).toBe('NIXL_UNAVAILABLE')
  expect(error?.message).toContain('No matching distribution found for nixl-cu12==1.5.1')
  expect(readdirSync(cache)).toEqual([])
})

test('with a pip that downloads nothing', async () => {
  const { error } = await provide(temporaryFolder(), python('exit 0'))
  expect(error).toMatchObject({
    code: 'NIXL_UNAVAILABLE',
    message: expect.stringContaining(`was not downloaded by python3 -m pip: expected a file ${WHEEL}`),
  })
})

test('with a wheel of another hash from pip', async () => {
  const cache = temporaryFolder()
  const fetches = `while [ "$1" != --dest ]; do shift; done; echo garbage >"$2/${WHEEL}"`
  const { error } = await provide(cache, python(fetches))
  expect(error).toMatchObject({
    code: 'NIXL_UNAVAILABLE',
    message: expect.stringMatching(/with another hash than the pinned one: expected SHA-256 [0-9a-f]{64}, found [0-9a-f]{64}/),
    hint: 'Run again. If it happens again, a proxy between this machine and PyPI changes files.',
  })
  expect(readdirSync(cache)).toEqual([])
})

test('with a wheel of another hash in the cache folder', async () => {
  const cache = temporaryFolder()
  const provided = join(cache, WHEEL)
  writeFileSync(provided, 'garbage')
  const { error, said } = await provide(cache, temporaryFolder())
  expect(error).toMatchObject({
    code: 'NIXL_UNAVAILABLE',
    message: expect.stringContaining('another hash than the pinned one'),
    hint: `Remove ${provided}, or replace it with the right wheel, and run again.`,
  })
  expect(said).toEqual([])
  expect(readdirSync(cache)).toEqual([WHEEL])
})

test('with a cache folder that is a file', async () => {
  const cache = join(temporaryFolder(), 'cache')
  writeFileSync(cache, '')
  expect((await provide(cache, temporaryFolder())).error).toMatchObject({
    code: 'NIXL_UNAVAILABLE',
    message: expect.stringContaining(`cannot be stored in the cache folder ${cache}`),
    hint: 'Make the folder writable or set CLAIMCHECK_CACHE_DIR to another folder.',
  })
})

test('the folder of a killed download is removed by sweep', async () => {
  const cache = temporaryFolder()
  const path = python('touch "$0.runs"; exec sleep 60')
  const child = execa(process.execPath, [...callFor(cache)], { env: { PATH: path }, reject: false, detached: true })
  await expect.poll(() => readdirSync(path), { timeout: 20_000 }).toContain('python3.runs')
  const [left] = readdirSync(cache)
  expect(left).toMatch(/^nixl-unpack-.*-\d+-\w+$/)
  const while_ = await claimcheck(['sweep'], { CLAIMCHECK_CACHE_DIR: cache })
  expect(while_.stdout).not.toContain(left)
  process.kill(-(child.pid ?? 0), 'SIGKILL')
  await child
  const after = await claimcheck(['sweep'], { CLAIMCHECK_CACHE_DIR: cache })
  expect(after.stdout).toContain(`Removed folder ${join(cache, left ?? '')}, whose run has ended`)
  expect(readdirSync(cache)).toEqual([])
})
