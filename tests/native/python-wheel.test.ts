/** A pinned wheel, from a folder or an index on this machine, so that no test depends on PyPI. Python is not used. */
import { createHash } from 'node:crypto'
import { chmodSync, chownSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { arch } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { execa } from 'execa'
import { zipSync } from 'fflate'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { provideWheel, type PinnedWheel } from '../../harness/native/python-wheel.ts'
import { temporaryFolder } from '../support/rack-file.ts'

const CONTENT = {
  'demo/bin/tool': '#!/bin/sh\necho it runs\n',
  'demo/__init__.py': '',
  'demo_tool-1.0.dist-info/RECORD': '',
}
const FILE = 'demo_tool-1.0-py3-none-any.whl'

let index: string
beforeEach(() => {
  index = temporaryFolder()
  const files = Object.entries(CONTENT).map(([name, text]) => [name, Buffer.from(text)] as const)
  writeFileSync(join(index, FILE), zipSync(Object.fromEntries(files)))
  vi.stubEnv('PIP_CONFIG_FILE', '/dev/null')
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
    files: /^demo\/bin\//,
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
  expect(said).toEqual(['Unpacking demo 1.0'])
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

test('reports that no index is asked for a version that no folder has', async () => {
  const cache = temporaryFolder()
  const work = provideWheel(wheel({ version: '2.0' }), cache, () => undefined)
  await expect(work).rejects.toThrow(
    'demo 2.0 could not be downloaded: found pip is set to use no index (no-index). Check that this machine reaches PyPI',
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

describe('from an index', () => {
  const file = (sha256?: string): PinnedWheel => wheel({}, sha256)

  test('a wheel is found in JSON, with the credentials of the URL and over relative links', async () => {
    const server = await indexServer(readFileSync(join(index, FILE)), 'json')
    vi.stubEnv('PIP_NO_INDEX', undefined)
    vi.stubEnv('PIP_FIND_LINKS', undefined)
    vi.stubEnv('PIP_INDEX_URL', `http://user:pass%40word@127.0.0.1:${server.port}/simple/`)
    const said: string[] = []
    const folder = await provideWheel(file(), temporaryFolder(), (line) => said.push(line))
    expect((await execa(join(folder, 'demo/bin/tool'))).stdout).toBe('it runs')
    expect(said).toEqual(['Fetching demo 1.0 from PyPI (once)', 'Unpacking demo 1.0'])
    const authorization = `Basic ${Buffer.from('user:pass@word').toString('base64')}`
    expect(server.requests).toEqual([
      { path: '/simple/demo-tool/', authorization },
      { path: `/files/${FILE}`, authorization },
    ])
  })

  test('a wheel is found in HTML, in the extra index of a configuration file', async () => {
    const server = await indexServer(readFileSync(join(index, FILE)), 'html')
    vi.stubEnv('PIP_NO_INDEX', undefined)
    vi.stubEnv('PIP_FIND_LINKS', undefined)
    const configuration = join(temporaryFolder(), 'pip.conf')
    const url = `http://127.0.0.1:${server.port}`
    writeFileSync(configuration, `[global]\nindex-url = ${url}/none\nextra-index-url =\n    ${url}/simple\n`)
    vi.stubEnv('PIP_CONFIG_FILE', configuration)
    await provideWheel(file(), temporaryFolder(), () => undefined)
    expect(server.requests.map(({ path }) => path)).toEqual([
      '/none/demo-tool/',
      '/simple/demo-tool/',
      `/files/${FILE}`,
    ])
  })

  test('a proxy of the settings is asked for the wheel', async () => {
    const server = await indexServer(readFileSync(join(index, FILE)), 'json')
    vi.stubEnv('PIP_NO_INDEX', undefined)
    vi.stubEnv('PIP_FIND_LINKS', undefined)
    vi.stubEnv('PIP_INDEX_URL', 'http://index.invalid/simple')
    vi.stubEnv('PIP_PROXY', `http://127.0.0.1:${server.port}`)
    await expect(provideWheel(file(), temporaryFolder(), () => undefined)).resolves.toMatch(/demo-1\.0$/)
  })

  test('a wheel with another hash is refused, and what each index answers is named', async () => {
    const server = await indexServer(Buffer.from('changed on the way'), 'json')
    const url = `http://user:secret@127.0.0.1:${server.port}`
    vi.stubEnv('PIP_NO_INDEX', undefined)
    vi.stubEnv('PIP_FIND_LINKS', undefined)
    vi.stubEnv('PIP_INDEX_URL', `${url}/simple`)
    const cache = temporaryFolder()
    await expect(provideWheel(file('0'.repeat(64)), cache, () => undefined)).rejects.toMatchObject({
      code: 'NATIVE_BUILD_FAILED',
      hint: 'Run again. If it happens again, a proxy between this machine and PyPI changes files.',
    })
    vi.stubEnv('PIP_INDEX_URL', `${url}/none`)
    const missing = provideWheel(file(), cache, () => undefined)
    await expect(missing).rejects.toThrow(/none: http:.*none\/demo-tool\/ answers 404 Not Found/)
    await expect(missing).rejects.not.toThrow('secret')
    expect(readdirSync(cache)).toEqual([])
  })
})

test('a wheel that is given by its path is used, and the place is named where it is not', async () => {
  vi.stubEnv('PIP_FIND_LINKS', undefined)
  const cache = temporaryFolder()
  await expect(provideWheel(wheel(), cache, () => undefined, '/no/such.whl')).rejects.toMatchObject({
    message: `demo 1.0 was not found at /no/such.whl: expected the wheel ${FILE}, or a folder that holds it, found no such file`,
  })
  expect(await provideWheel(wheel(), cache, () => undefined, index)).toBe(join(cache, 'demo-1.0'))
})

interface Request {
  readonly path: string
  readonly authorization: string | undefined
}

/** A package index with one project, whose files are links relative to its page. It is also a proxy, for requests to any host. */
async function indexServer(
  bytes: Buffer,
  kind: 'json' | 'html',
): Promise<{ port: number; requests: readonly Request[] }> {
  const requests: Request[] = []
  const url = `../../files/${FILE}`
  const server = createServer(({ url: asked = '', headers: { authorization } }, response) => {
    const path = asked.replace(/^http:\/\/[^/]+/, '')
    requests.push({ path, authorization })
    if (path === `/files/${FILE}`) return response.end(bytes)
    if (path !== '/simple/demo-tool/') return response.writeHead(404).end()
    if (kind === 'html') return response.end(`<a href="${url}#sha256=0">${FILE}</a>`)
    response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json')
    return response.end(JSON.stringify({ files: [{ filename: FILE, url }] }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { port: (server.address() as AddressInfo).port, requests }
}
