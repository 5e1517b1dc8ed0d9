/**
 * Files of a wheel from PyPI, pinned by hash. Takes which wheel and which of its files; gives the folder in the cache where
 * they lie. Nothing is installed into a Python, and a wheel with another hash is never unpacked.
 */
import { createHash } from 'node:crypto'
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { arch, hostname } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { ClaimcheckError } from '../core/errors.ts'
import { UNPACKING_PREFIX } from './nixl.ts'

const LIMIT_MS = 10 * 60_000

export interface PinnedWheel {
  readonly package: string
  readonly version: string
  /** By processor, as Node names it. */
  readonly builds: Readonly<Record<string, { readonly platform: string; readonly sha256: string }>>
  /** Python's regular expression of the names to unpack. */
  readonly files: string
}

const UNPACK = `
import re, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    wheel.extractall(sys.argv[2], [n for n in wheel.namelist() if re.search(sys.argv[3], n)])
`

/** Resolves at once when the cache has it. Rejects with NATIVE_BUILD_FAILED. `say` gets a line about a slow step. */
export async function provideWheel(
  wheel: PinnedWheel,
  cacheDir: string,
  say: (line: string) => void,
): Promise<string> {
  const name = `${wheel.package} ${wheel.version}`
  const build = wheel.builds[arch()]
  if (build === undefined) throw failed(name, 'has no build for this processor', arch())
  const folder = join(cacheDir, `${wheel.package}-${wheel.version}-${build.sha256.slice(0, 12)}`)
  if (await access(folder).then(() => true, () => false)) return folder
  await mkdir(cacheDir, { recursive: true })
  // Named as NIXL's is, so that `claimcheck sweep` knows whose it was.
  const work = await mkdtemp(join(cacheDir, `${UNPACKING_PREFIX}${hostname()}-${process.pid}-`))
  try {
    say(`Fetching ${name} from PyPI (once)`)
    const options = ['--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:']
    const which = ['--platform', build.platform, '--python-version', '311', '--dest', work]
    await python(name, ['-m', 'pip', 'download', ...options, ...which, `${wheel.package}==${wheel.version}`])
    const [file = ''] = (await readdir(work)).filter((one) => one.endsWith('.whl'))
    const digest = createHash('sha256').update(await readFile(join(work, file))).digest('hex')
    if (digest !== build.sha256) throw failed(name, 'is not the pinned wheel', digest, `SHA-256 ${build.sha256}`)
    const unpacked = join(work, 'unpacked')
    await python(name, ['-c', UNPACK, join(work, file), unpacked, wheel.files])
    // A wheel keeps no permission to execute.
    const entries = await readdir(unpacked, { recursive: true, withFileTypes: true })
    for (const entry of entries.filter((one) => one.isFile())) await chmod(join(entry.parentPath, entry.name), 0o755)
    await rename(unpacked, folder).catch(async (cause: unknown) => {
      // Whoever comes second in two runs at once finds the folder there and keeps it.
      await access(folder).catch(() => {
        throw failed(name, `could not be moved to ${folder}`, String(cause))
      })
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return folder
}

const python = (name: string, args: readonly string[]) =>
  execa('python3', args, { timeout: LIMIT_MS, forceKillAfterDelay: 2000 }).catch((cause: unknown) => {
    const found = cause instanceof Error ? cause.message.split('\n').slice(0, 4).join(' ') : String(cause)
    throw failed(name, 'could not be fetched and unpacked with python3', found, 'python3 with pip, and PyPI', cause)
  })

const failed = (
  subject: string,
  problem: string,
  found: string,
  expected?: string,
  cause?: unknown,
): ClaimcheckError =>
  new ClaimcheckError('NATIVE_BUILD_FAILED', {
    subject,
    problem,
    found,
    ...(expected === undefined ? {} : { expected }),
    ...(cause === undefined ? {} : { cause }),
  })
