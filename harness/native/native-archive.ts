/**
 * Packs the transfer binary and its libraries into one archive that is sent into pods: a gzipped tar with `bin/`, `nixl/` and
 * `lib/`, made once for each binary and stored in the cache folder.
 */
import { createHash } from 'node:crypto'
import { access, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { ClaimcheckError } from '../core/errors.ts'
import type { Binaries } from './binaries.ts'
import { NATIVE } from './build-binaries.ts'
import type { Nixl } from './nixl.ts'
import { findChange, recordFiles } from './recorded-files.ts'

const LIMIT_MS = 5 * 60_000

export interface NativeFiles {
  readonly binaries: Binaries
  readonly nixl: Nixl
}

export interface Archive {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

/** Rejects with NATIVE_BUILD_FAILED. `say` receives a line if the archive has to be created. */
export async function archiveOf(
  { binaries, nixl }: NativeFiles,
  cacheDir: string,
  say: (line: string) => void,
): Promise<Archive> {
  const script = join(NATIVE, 'transfer', 'collect.sh')
  const key = createHash('sha256')
    .update(await readFile(binaries.transfer))
    .update(await readFile(script))
    .update(nixl.folder)
  const path = join(cacheDir, `transfer-${key.digest('hex').slice(0, 16)}.tgz`)
  const record = `${path}.json`
  const intact = (await exists(record)) && (await findChange(record)) === undefined
  if (!intact) {
    say('Packing the transfer binary and its libraries (once)')
    await make(path, cacheDir, ['sh', script, binaries.transfer, nixl.folder])
    await recordFiles(record, [basename(path)])
  }
  const sha256 = createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
  return { path, bytes: (await stat(path)).size, sha256 }
}

async function make(path: string, cacheDir: string, [sh = 'sh', ...args]: readonly string[]): Promise<void> {
  const work = await mkdtemp(join(cacheDir, 'transfer-'))
  try {
    const folder = join(work, 'files')
    await execa(sh, [...args, folder], { timeout: LIMIT_MS })
    const file = join(work, 'archive.tgz')
    await execa('tar', ['--owner=0', '--group=0', '-czf', file, '-C', folder, '.'], { timeout: LIMIT_MS })
    await rename(file, path)
  } catch (cause) {
    throw new ClaimcheckError('NATIVE_BUILD_FAILED', {
      subject: 'the archive of the transfer binary',
      problem: 'could not be packed',
      found: cause instanceof Error ? cause.message.split('\n').slice(0, 4).join(' ') : String(cause),
      hint: 'Install sh, ldd, tar and gzip, and check that the cache folder is writable.',
      cause,
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
