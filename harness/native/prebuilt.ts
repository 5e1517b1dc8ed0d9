/**
 * The native binaries that come with the package for a platform, in `native/prebuilt/<platform>-<arch>` beside their sources. A
 * manifest records the digests of the sources and of the binaries; binaries of other sources are not used.
 */
import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { arch, platform } from 'node:os'
import { basename, join } from 'node:path'
import { makeFolder } from '../core/make-folder.ts'
import { z } from 'zod'
import { readRegularFile } from '../core/input-file.ts'
import type { Binaries } from './binaries.ts'

const MANIFEST = 'manifest.json'
const MOST_BINARY_BYTES = 64 * 2 ** 20

const manifestSchema = z.strictObject({
  sources: z.string().describe('SHA-256 of the sources'),
  files: z.record(z.string(), z.string()).describe('SHA-256 of each binary'),
})

const prebuiltFolder = (native: string): string => join(native, 'prebuilt', `${platform()}-${arch()}`)

/** The paths of the prebuilt binaries in `native`, whether they exist or not. */
export function prebuiltPaths(native: string): Binaries {
  const folder = prebuiltFolder(native)
  return { transfer: join(folder, 'claimcheck-transfer'), node: join(folder, 'claimcheck-node') }
}

/** Returns undefined if there are none for this platform, if they are of other sources, or if one or their manifest was changed. */
export function findPrebuilt(native: string, sources: string): Binaries | undefined {
  const manifest = join(prebuiltFolder(native), MANIFEST)
  if (!existsSync(manifest)) return undefined
  const recorded = manifestIn(readFileSync(manifest, 'utf8'))
  if (recorded?.sources !== sources) return undefined
  const binaries = prebuiltPaths(native)
  const intact = Object.values(binaries).every(
    (path: string) => existsSync(path) && digestOf(path) === recorded.files[basename(path)],
  )
  return intact ? binaries : undefined
}

/** Copies built binaries to where the package has them. Returns the paths of the copies. */
export function writePrebuilt(native: string, sources: string, built: Binaries): Binaries {
  const folder = prebuiltFolder(native)
  rmSync(folder, { recursive: true, force: true })
  makeFolder(folder)
  const copies = prebuiltPaths(native)
  for (const name of ['transfer', 'node'] as const) {
    copyFileSync(built[name], copies[name])
    chmodSync(copies[name], 0o755)
  }
  const files = Object.fromEntries(
    Object.values(copies).map((path: string) => [basename(path), digestOf(path)] as const),
  )
  writeFileSync(join(folder, MANIFEST), `${JSON.stringify({ sources, files }, null, 2)}\n`)
  return copies
}

function manifestIn(text: string): z.infer<typeof manifestSchema> | undefined {
  try {
    return manifestSchema.parse(JSON.parse(text))
  } catch (error) {
    // A damaged manifest vouches for no binary; they are then built.
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined
    throw error
  }
}

const digestOf = (path: string): string =>
  createHash('sha256').update(readRegularFile(path, MOST_BINARY_BYTES).bytes).digest('hex')
