/**
 * Provides the native binaries: those that come with the package, if they are of its sources and this platform, or else those
 * that cargo builds in `native/` when the sources have changed since the last build.
 */
import { createHash } from 'node:crypto'
import fs, { access, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { execa } from 'execa'
import { ClaimcheckError } from '../core/errors.ts'
import { PACKAGE_ROOT } from '../core/package-root.ts'
import type { Binaries } from './binaries.ts'
import { findPrebuilt } from './prebuilt.ts'
import { findChange, recordFiles } from './recorded-files.ts'

/** The folder of the sources. */
export const NATIVE = join(PACKAGE_ROOT, 'native')
const BUILD_LIMIT_MS = 15 * 60_000

/** The paths of the binaries of the sources in `folder`, whether they are built or not. */
export function binariesIn(folder: string): Binaries {
  const release = join(folder, 'target', 'release')
  return { transfer: join(release, 'claimcheck-transfer'), node: join(release, 'claimcheck-node') }
}

/** Rejects with NATIVE_BUILD_FAILED. `say` receives the output of a build; nothing if no build is needed. */
export async function provideBinaries(
  say: (line: string) => void,
  folder: string = NATIVE,
): Promise<Binaries> {
  const binaries = binariesIn(folder)
  const stamp = join(dirname(binaries.node), 'claimcheck.sources')
  const sources = await digestOfSources(folder)
  const prebuilt = findPrebuilt(folder, sources)
  if (prebuilt !== undefined) return prebuilt
  const built = await readFile(stamp, 'utf8').catch(() => undefined)
  const files = join(dirname(binaries.node), 'claimcheck.files.json')
  if (built === sources && (await Promise.all(Object.values(binaries).map(exists))).every(Boolean)) {
    if (!(await exists(files))) await record(files, binaries)
    const change = await findChange(files)
    if (change === undefined) return binaries
    say(`A native binary is not as it was built and is built again: ${change}`)
    // Cargo builds a file again only if it is missing.
    await Promise.all(Object.values(binaries).map((path) => rm(path, { force: true })))
  }
  say('Building the native binaries with cargo (first run, or their sources changed; about a minute)')
  const cargo = execa(
    'cargo',
    ['build', '--release', '--locked', '-p', 'claimcheck-transfer', '-p', 'claimcheck-node'],
    {
      cwd: folder,
      timeout: BUILD_LIMIT_MS,
      forceKillAfterDelay: 2000,
      all: true,
    },
  )
  try {
    for await (const line of cargo.iterable({ from: 'all' })) say(`  ${String(line)}`)
    await cargo
  } catch (cause) {
    const missing = (cause as { code?: string }).code === 'ENOENT'
    throw new ClaimcheckError('NATIVE_BUILD_FAILED', {
      subject: 'native/',
      problem: missing ? 'could not be built: cargo is not on the PATH' : 'could not be built',
      ...(missing ? {} : { found: lastLines(cause) }),
      hint: missing
        ? 'Install Rust 1.87 or newer (rustup.rs), or set CLAIMCHECK_RUNTIME=model to run without processes.'
        : 'Run `cargo build --release` in native/ to see all of its output.',
      cause,
    })
  }
  await record(files, binaries)
  await writeFile(stamp, sources)
  return binaries
}

const record = (path: string, binaries: Binaries): Promise<void> =>
  recordFiles(
    path,
    Object.values(binaries).map((file: string) => basename(file)),
  )

/** The hash of all files that the binaries are built from. */
export async function digestOfSources(folder: string = NATIVE): Promise<string> {
  const files: string[] = []
  for await (const file of fs.glob(['*/src/**/*.rs', '*/Cargo.toml', 'Cargo.toml', 'Cargo.lock'], {
    cwd: folder,
  }))
    files.push(file)
  const hash = createHash('sha256')
  for (const file of files.sort())
    hash
      .update(file)
      .update('\0')
      .update(await readFile(join(folder, file)))
  return hash.digest('hex')
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
const lastLines = (error: unknown): string =>
  String((error as { all?: unknown }).all || error)
    .split('\n')
    .slice(-12)
    .join('\n')
