/** A NIXL wheel that cannot be downloaded or has another hash is not used and leaves nothing in the cache folder. */
import { execa } from 'execa'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { arch } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { claimcheck } from '../cli/claimcheck.ts'
import { temporaryFolder } from '../support/rack-file.ts'
import { callOf, inChild, type Called } from './call-in-child-process.ts'

const PLATFORM = arch() === 'arm64' ? 'manylinux_2_28_aarch64' : 'manylinux_2_28_x86_64'
const WHEEL = `nixl_cu12-1.5.1-cp311-cp311-${PLATFORM}.whl`

const callFor = (cache: string): readonly string[] =>
  callOf('harness/native/nixl.ts', 'provideNixl', `provideNixl(${JSON.stringify(cache)}, say)`)
const provide = (cache: string, index = 'http://127.0.0.1:1/simple'): Promise<Called> =>
  inChild(callFor(cache), process.env['PATH'] ?? '', { ...NO_CONFIGURATION, PIP_INDEX_URL: index })
const NO_CONFIGURATION = { PIP_CONFIG_FILE: '/dev/null', PIP_NO_INDEX: '0', PIP_FIND_LINKS: '' }

test('without a network', async () => {
  const cache = temporaryFolder()
  const { error, said } = await provide(cache)
  expect(error).toMatchObject({
    code: 'NIXL_UNAVAILABLE',
    message: expect.stringMatching(
      /^NIXL 1\.5\.1 could not be downloaded: found http:\/\/127\.0\.0\.1:1\/simple: fetch failed/,
    ),
    hint: `Check that this machine reaches PyPI or the index in pip's configuration, or put the wheel ${WHEEL} into the cache folder ${cache}.`,
  })
  expect(said).toEqual(['Fetching NIXL 1.5.1 from PyPI (about 68 MB, once)'])
  expect(readdirSync(cache)).toEqual([])
})

test('with a wheel of another hash in the cache folder', async () => {
  const cache = temporaryFolder()
  const provided = join(cache, WHEEL)
  writeFileSync(provided, 'garbage')
  const { error, said } = await provide(cache)
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
  expect((await provide(cache)).error).toMatchObject({
    code: 'NIXL_UNAVAILABLE',
    message: expect.stringContaining(`cannot be stored in the cache folder ${cache}`),
    hint: 'Make the folder writable or set CLAIMCHECK_CACHE_DIR to another folder.',
  })
})

test('the folder of a killed download is removed by sweep', async () => {
  const cache = temporaryFolder()
  const silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  onTestFinished(() => void silent.close())
  const index = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/simple`
  const child = execa(process.execPath, [...callFor(cache)], {
    env: { ...NO_CONFIGURATION, PIP_INDEX_URL: index },
    reject: false,
    detached: true,
  })
  await once(silent, 'connection')
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
