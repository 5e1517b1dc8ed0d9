/**
 * What the node image is made of, piece by piece. Takes a recipe; gives the folder of its product, from the cache where
 * nothing it is made from has changed. A product is whole or not there.
 */
import { createHash } from 'node:crypto'
import { access, glob, mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { ClaimcheckError } from '../../../core/errors.ts'

export type Log = (line: string) => void

export interface ArtifactRecipe {
  readonly name: string
  /** What is told before it is made: it takes its time. */
  readonly about: string
  /** All that it is made from. */
  readonly inputs: readonly string[]
  /** Fills `root`, the part of a node's root folder that this is. */
  make(root: string): Promise<void>
}

/** Names a recipe with its inputs. */
export const keyOf = ({ name, inputs }: ArtifactRecipe): string => `${name}-${digest(inputs).slice(0, 16)}`

export const digest = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex')

const PARTIAL = 'partial-'

/** The folder that holds `root`. Products of the same name with other inputs are removed. */
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
  await removeOlder(recipe, cache)
  return join(folder, 'root')
}

/** What a build that was killed has left. Call it when no other build runs. */
export async function removePartial(cache: string): Promise<void> {
  for (const name of await readdir(cache))
    if (name.startsWith(PARTIAL)) await rm(join(cache, name), { recursive: true, force: true })
}

async function removeOlder(recipe: ArtifactRecipe, cache: string): Promise<void> {
  const older = new RegExp(`^${recipe.name}-[0-9a-f]{16}$`)
  for (const name of await readdir(cache))
    if (older.test(name) && name !== keyOf(recipe))
      await rm(join(cache, name), { recursive: true, force: true })
}

/** Names and contents of the files that match, tests apart, one string each. */
export async function sourcesIn(folder: string, pattern: readonly string[]): Promise<string[]> {
  const files: string[] = []
  for await (const file of glob(pattern, { cwd: folder })) if (!file.endsWith('_test.go')) files.push(file)
  return Promise.all(
    files.sort().map(async (file) => `${file}\0${await readFile(join(folder, file), 'utf8')}`),
  )
}

/** Runs a program of this machine. Rejects with LAB_BUILD_FAILED, saying which package has the program. */
export async function tool(
  [program, ...args]: readonly [string, ...string[]],
  from: { readonly package: string; readonly cwd?: string; readonly env?: Readonly<Record<string, string>> },
): Promise<string> {
  try {
    const { stdout } = await execa(program, args, {
      ...(from.cwd === undefined ? {} : { cwd: from.cwd }),
      env: { ...from.env },
      timeout: LIMIT_MS,
      forceKillAfterDelay: 2000,
      all: true,
    })
    return stdout
  } catch (cause) {
    const missing = (cause as { code?: unknown }).code === 'ENOENT'
    throw new ClaimcheckError('LAB_BUILD_FAILED', {
      subject: `${program} ${args[0] ?? ''}`.trim(),
      problem: missing ? 'is needed to build the node image and is not there' : 'failed',
      ...(missing ? {} : { found: lastLines(cause) }),
      hint: missing
        ? `Install ${from.package}.`
        : 'Mend what it says and run "npx claimcheck lab build" again.',
      cause,
    })
  }
}

const LIMIT_MS = 40 * 60_000

const lastLines = (error: unknown): string =>
  String((error as { all?: unknown }).all || error)
    .split('\n')
    .slice(-12)
    .join('\n')

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
