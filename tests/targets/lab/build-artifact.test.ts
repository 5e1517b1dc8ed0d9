/** Artifacts of the node image: cached by their inputs, complete or absent, and built by one process at a time. */
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { lock } from '../../../harness/targets/lab/image/build-lock.ts'
import {
  keyOf,
  provideArtifact,
  removePartial,
  tool,
  type ArtifactRecipe,
} from '../../../harness/targets/lab/image/build-artifact.ts'
import { temporaryFolder } from '../../support/rack-file.ts'

/** A process may take seconds to start on a busy machine. */
const PATIENT = { timeout: 30_000 }
const LOCK = join(import.meta.dirname, '../../../harness/targets/lab/image/build-lock.ts')

function counting(inputs: readonly string[]): {
  readonly recipe: ArtifactRecipe
  readonly builds: () => number
} {
  let builds = 0
  const recipe: ArtifactRecipe = {
    name: 'thing',
    about: 'Building the thing',
    inputs,
    async make(root) {
      builds++
      await writeFile(join(root, 'file'), inputs.join())
    },
  }
  return { recipe, builds: () => builds }
}

test('an artifact is built once, and again when an input changes; the older one is removed', async () => {
  const cache = temporaryFolder()
  const lines: string[] = []
  const say = (line: string): void => void lines.push(line)
  const first = counting(['a'])
  const root = await provideArtifact(first.recipe, cache, say)
  expect(await provideArtifact(first.recipe, cache, say)).toBe(root)
  expect(first.builds()).toBe(1)
  expect(lines).toEqual(['Building the thing'])
  const second = counting(['b'])
  expect(readFileSync(join(await provideArtifact(second.recipe, cache, say), 'file'), 'utf8')).toBe('b')
  expect(readdirSync(cache)).toEqual([keyOf(second.recipe)])
})

test('a build that fails leaves no partial artifact', async () => {
  const cache = temporaryFolder()
  const recipe: ArtifactRecipe = {
    ...counting(['a']).recipe,
    async make(root) {
      await writeFile(join(root, 'partial'), '')
      throw new Error('disk full')
    },
  }
  await expect(provideArtifact(recipe, cache, () => undefined)).rejects.toThrow('disk full')
  expect(readdirSync(cache)).toEqual([])
})

test('the partial artifact of a killed build is removed', async () => {
  const cache = temporaryFolder()
  mkdirSync(join(cache, 'partial-thing-x'))
  mkdirSync(join(cache, 'thing-0123456789abcdef'))
  await removePartial(cache)
  expect(readdirSync(cache)).toEqual(['thing-0123456789abcdef'])
})

test('the error for a missing program names its package', async () => {
  await expect(
    tool(['no-such-program', 'build'], { package: 'the package that has it' }),
  ).rejects.toMatchObject({
    code: 'LAB_BUILD_FAILED',
    subject: 'no-such-program build',
    hint: 'Install the package that has it.',
  })
})

test('the error for a program that fails has the end of its output', async () => {
  await expect(tool(['sh', '-c', 'echo one; echo two >&2; exit 3'], { package: 'sh' })).rejects.toMatchObject(
    {
      code: 'LAB_BUILD_FAILED',
      found: expect.stringContaining('two'),
    },
  )
})

test('the second of two builds waits for the first', async () => {
  const path = join(temporaryFolder(), 'lock')
  const order: string[] = []
  const release = await lock(path, () => undefined)
  const second = lock(path, (holder) => void order.push(`waits for ${holder}`)).then(async (releaseIt) => {
    order.push('second')
    await releaseIt()
  })
  await expect.poll(() => order, PATIENT).toEqual([`waits for ${hostname()} ${process.pid}`])
  order.push('first is done')
  await release()
  await second
  expect(order.slice(1)).toEqual(['first is done', 'second'])
})

test('the lock of a killed build is free at once', async () => {
  const path = join(temporaryFolder(), 'lock')
  const script = `
    import { lock } from ${JSON.stringify(LOCK)}
    await lock(${JSON.stringify(path)}, () => undefined)
    console.log('locked')
    setInterval(() => undefined, 1000)`
  const build = execa(process.execPath, ['--input-type=module', '-e', script], { reject: false })
  await once(build.stdout, 'data')
  const waiting: string[] = []
  const next = lock(path, (holder) => void waiting.push(holder))
  await expect.poll(() => waiting, PATIENT).toEqual([`${hostname()} ${build.pid}`])
  build.kill('SIGKILL')
  await build
  await (
    await next
  )()
})

test('a lock whose folder does not exist is refused', async () => {
  await expect(lock(join(temporaryFolder(), 'none', 'lock'), () => undefined)).rejects.toMatchObject({
    code: 'LAB_BUILD_FAILED',
    found: expect.stringContaining('No such file or directory'),
  })
})
