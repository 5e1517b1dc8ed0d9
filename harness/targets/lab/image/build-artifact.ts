/**
 * Builds the parts of the node image and caches them by the digest of their inputs. An artifact is built in a partial folder
 * and renamed when it is complete.
 */
import { createHash } from 'node:crypto'
import fs, { access, mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { ClaimcheckError } from '../../../core/errors.ts'

export type Log = (line: string) => void

export interface ArtifactRecipe {
  readonly name: string
  /** Logged before the artifact is built. */
  readonly about: string
  /** Everything that the artifact depends on: versions, options, digests of sources. */
  readonly inputs: readonly string[]
  /** Writes the artifact's part of a node's root file system into the folder `root`. */
  make(root: string): Promise<void>
}

/** Returns the name of the recipe with the digest of its inputs. */
export const keyOf = ({ name, inputs }: ArtifactRecipe): string => `${name}-${digest(inputs).slice(0, 16)}`

export const digest = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex')

const PARTIAL = 'partial-'

/** Resolves with the folder `root` of the artifact. Removes artifacts of the same name with other inputs. */
export async function provideArtifact(recipe: ArtifactRecipe, cache: string, say: Log): Promise<string> {
  const folder = join(cache, keyOf(recipe))
  if (await exists(folder)) return join(folder, 'root')
  say(recipe.about)
  const partial = await mkdtemp(join(cache, `${PARTIAL}${recipe.name}-`))
  try {
    await mkdir(join(partial, 'root'))
    await recipe.make(join(partial, 'root'))
    await rename(partial, folder)
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
  await removeOutdated(recipe, cache)
  return join(folder, 'root')
}

/** Removes the partial folders of builds that were killed. The caller must hold the build lock. */
export async function removePartial(cache: string): Promise<void> {
  for (const name of await readdir(cache))
    if (name.startsWith(PARTIAL)) await rm(join(cache, name), { recursive: true, force: true })
}

async function removeOutdated(recipe: ArtifactRecipe, cache: string): Promise<void> {
  const pattern = new RegExp(`^${recipe.name}-[0-9a-f]{16}$`)
  for (const name of await readdir(cache))
    if (pattern.test(name) && name !== keyOf(recipe))
      await rm(join(cache, name), { recursive: true, force: true })
}

/** Returns name and content of each matching file, except Go tests, as one string. */
export async function sourcesIn(folder: string, pattern: readonly string[]): Promise<string[]> {
  const files: string[] = []
  for await (const file of fs.glob(pattern, { cwd: folder })) if (!file.endsWith('_test.go')) files.push(file)
  return Promise.all(
    files.sort().map(async (file) => `${file}\0${await readFile(join(folder, file), 'utf8')}`),
  )
}

/** Runs a program. Rejects with LAB_BUILD_FAILED, with the end of its output or the package to install. */
export async function tool(
  [program, ...args]: readonly [string, ...string[]],
  from: { readonly package: string; readonly cwd?: string; readonly env?: Readonly<Record<string, string>> },
): Promise<string> {
  try {
    const { stdout } = await execa(program, args, {
      ...(from.cwd === undefined ? {} : { cwd: from.cwd }),
      env: { ...from.env },
      timeout: TOOL_TIMEOUT_MS,
      forceKillAfterDelay: 2000,
      all: true,
    })
    return stdout
  } catch (cause) {
    const missing = (cause as { code?: unknown }).code === 'ENOENT'
    throw new ClaimcheckError('LAB_BUILD_FAILED', {
      subject: `${program} ${args[0] ?? ''}`.trim(),
      problem: missing ? 'was not found, but is required to build the node image' : 'failed',
      ...(missing ? {} : { found: outputTail(cause) }),
      hint: missing ? `Install ${from.package}.` : 'Fix the cause and run "npx claimcheck lab build" again.',
      cause,
    })
  }
}

const TOOL_TIMEOUT_MS = 40 * 60_000

const outputTail = (error: unknown): string =>
  String((error as { all?: unknown }).all || error)
    .split('\n')
    .slice(-12)
    .join('\n')

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
