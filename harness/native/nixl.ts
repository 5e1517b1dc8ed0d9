/**
 * The real NIXL library: one wheel from PyPI, pinned by hash, fetched once and unpacked into the cache folder.
 * Takes a cache folder; gives the folder of the libraries and the path of the C API among them.
 * Nothing of it is installed into a Python, and a wheel with another hash is never unpacked.
 */
import { createHash } from 'node:crypto'
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { arch, hostname } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { ClaimcheckError } from '../core/errors.ts'

const VERSION = '1.5.1'
const FETCH_LIMIT_MS = 10 * 60_000

interface Wheel {
  readonly platform: string
  readonly sha256: string
}

const WHEELS: Readonly<Record<string, Wheel>> = {
  x64: {
    platform: 'manylinux_2_28_x86_64',
    sha256: '341d0dfa499f941c054614252f1d8047d1380e33f29c87707372ff5ec7d3779a',
  },
  arm64: {
    platform: 'manylinux_2_28_aarch64',
    sha256: 'aced5529cc9781f8be1ee22e451c852630455460c1812b06cc863b05d797f2db',
  },
}

export interface Nixl {
  /** Everything a pod needs to see. */
  readonly folder: string
  readonly capi: string
}

/** How the folder begins in which a wheel is unpacked; whose it is follows. */
export const UNPACKING_PREFIX = 'nixl-unpack-'

/** Whether the run that made such a folder is alive; unknown where it is or was not on this machine. */
export function pidOfUnpacking(name: string): 'alive' | 'gone' | 'unknown' {
  const [, host, pid] = /^nixl-unpack-(.+)-(\d+)-[^-]+$/.exec(name) ?? []
  if (host !== hostname() || pid === undefined) return 'unknown'
  try {
    process.kill(Number(pid), 0)
    return 'alive'
  } catch (error) {
    return (error as { code?: unknown }).code === 'ESRCH' ? 'gone' : 'alive'
  }
}

/** Resolves at once when the cache has it. Rejects with NIXL_UNAVAILABLE. `say` gets a line about each slow step. */
export async function provideNixl(cacheDir: string, say: (line: string) => void): Promise<Nixl> {
  const wheel = WHEELS[arch()]
  if (wheel === undefined) {
    throw unavailable({
      problem: 'has no wheel for this processor',
      expected: Object.keys(WHEELS).join(' or '),
      found: arch(),
    })
  }
  const folder = join(cacheDir, `nixl-${VERSION}-${wheel.platform}`)
  const nixl = { folder, capi: join(folder, '.nixl_cu12.mesonpy.libs', 'libnixl_capi.so') }
  if (await exists(nixl.capi)) return nixl
  const work = await workFolder(cacheDir)
  try {
    const file = await wheelFile(cacheDir, work, wheel, say)
    say(`Unpacking NIXL ${VERSION}`)
    const unpacked = join(work, 'unpacked')
    await execa('python3', ['-c', UNPACK, file, unpacked], { timeout: FETCH_LIMIT_MS }).catch(
      (cause: unknown) => {
        throw unavailable({ problem: 'could not be unpacked with python3', found: messageOf(cause), cause })
      },
    )
    // Whoever comes second in two runs at once finds the folder there and keeps it.
    await rename(unpacked, folder).catch(async (cause: unknown) => {
      if (!(await exists(nixl.capi)))
        throw unavailable({ problem: `could not be moved to ${folder}`, found: messageOf(cause), cause })
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return nixl
}

async function workFolder(cacheDir: string): Promise<string> {
  try {
    await mkdir(cacheDir, { recursive: true })
    return await mkdtemp(join(cacheDir, `${UNPACKING_PREFIX}${hostname()}-${process.pid}-`))
  } catch (cause) {
    throw unavailable({
      problem: `cannot be kept in the cache folder ${cacheDir}`,
      expected: 'a folder that this user may write',
      found: messageOf(cause),
      hint: 'Free it or set CLAIMCHECK_CACHE_DIR to another folder.',
      cause,
    })
  }
}

/** Only the libraries, not the Python around them. */
const UNPACK = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    wheel.extractall(sys.argv[2], [n for n in wheel.namelist() if '.libs/' in n and '.so' in n])
`

/** A wheel laid into the cache folder by hand (machines without PyPI) comes first; it too must have the pinned hash. */
async function wheelFile(
  cacheDir: string,
  work: string,
  wheel: Wheel,
  say: (line: string) => void,
): Promise<string> {
  const name = `nixl_cu12-${VERSION}-cp311-cp311-${wheel.platform}.whl`
  const laid = join(cacheDir, name)
  if (!(await exists(laid))) {
    say(`Fetching NIXL ${VERSION} from PyPI (about 68 MB, once)`)
    await download(work, wheel)
  }
  const file = (await exists(laid)) ? laid : join(work, name)
  const digest = createHash('sha256')
    .update(
      await readFile(file).catch((cause: unknown) => {
        throw unavailable({ problem: `is not in the folder pip was to put it in, as ${name}`, cause })
      }),
    )
    .digest('hex')
  if (digest !== wheel.sha256) {
    throw unavailable({
      problem: `${name} is not the pinned wheel`,
      expected: `SHA-256 ${wheel.sha256}`,
      found: digest,
      hint:
        file === laid
          ? `Remove ${file}, or put the right wheel in its place, and run again.`
          : 'Run again; if it persists, something between here and PyPI changes files.',
    })
  }
  return file
}

async function download(work: string, wheel: Wheel): Promise<void> {
  const args = [
    '-m',
    'pip',
    'download',
    '--quiet',
    '--disable-pip-version-check',
    '--no-deps',
    '--only-binary=:all:',
  ]
  const which = [
    '--platform',
    wheel.platform,
    '--python-version',
    '311',
    '--implementation',
    'cp',
    '--abi',
    'cp311',
  ]
  await execa('python3', [...args, ...which, '--dest', work, `nixl-cu12==${VERSION}`], {
    timeout: FETCH_LIMIT_MS,
    forceKillAfterDelay: 2000,
  }).catch((cause: unknown) => {
    throw unavailable({
      problem: 'could not be fetched with python3 -m pip',
      found: messageOf(cause),
      hint: `Check that python3 with pip is installed and reaches PyPI, or lay the wheel nixl_cu12-${VERSION} into the cache folder.`,
      cause,
    })
  })
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message.split('\n').slice(0, 4).join(' ') : String(error)

function unavailable(facts: {
  problem: string
  expected?: string
  found?: string
  hint?: string
  cause?: unknown
}): ClaimcheckError {
  return new ClaimcheckError('NIXL_UNAVAILABLE', { subject: `NIXL ${VERSION}`, ...facts })
}
