/** Pieces of the node image: made once, made anew when their inputs change, whole or not there, and one build at a time. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
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

function counting(inputs: readonly string[]): {
  readonly recipe: ArtifactRecipe
  readonly made: () => number
} {
  let made = 0
  const recipe: ArtifactRecipe = {
    name: 'thing',
    about: 'Making the thing',
    inputs,
    async make(root) {
      made++
      await writeFile(join(root, 'file'), inputs.join())
    },
  }
  return { recipe, made: () => made }
}

test('a product is made once, and anew when an input changes; the older one goes', async () => {
  const cache = temporaryFolder()
  const said: string[] = []
  const say = (line: string): void => void said.push(line)
  const first = counting(['a'])
  const root = await provideArtifact(first.recipe, cache, say)
  expect(await provideArtifact(first.recipe, cache, say)).toBe(root)
  expect(first.made()).toBe(1)
  expect(said).toEqual(['Making the thing'])
  const second = counting(['b'])
  expect(readFileSync(join(await provideArtifact(second.recipe, cache, say), 'file'), 'utf8')).toBe('b')
  expect(readdirSync(cache)).toEqual([keyOf(second.recipe)])
})

test('a product that fails leaves nothing half', async () => {
  const cache = temporaryFolder()
  const recipe: ArtifactRecipe = {
    ...counting(['a']).recipe,
    async make(root) {
      await writeFile(join(root, 'half'), '')
      throw new Error('no more')
    },
  }
  await expect(provideArtifact(recipe, cache, () => undefined)).rejects.toThrow('no more')
  expect(readdirSync(cache)).toEqual([])
})

test('what a killed build left is removed', async () => {
  const cache = temporaryFolder()
  mkdirSync(join(cache, 'partial-thing-x'))
  mkdirSync(join(cache, 'thing-0123456789abcdef'))
  await removePartial(cache)
  expect(readdirSync(cache)).toEqual(['thing-0123456789abcdef'])
})

test('a program that is missing is named with its package', async () => {
  await expect(
    tool(['no-such-program', 'build'], { package: 'the package that has it' }),
  ).rejects.toMatchObject({
    code: 'LAB_BUILD_FAILED',
    subject: 'no-such-program build',
    hint: 'Install the package that has it.',
  })
})

test('a program that fails says its last words', async () => {
  await expect(tool(['sh', '-c', 'echo one; echo two >&2; exit 3'], { package: 'sh' })).rejects.toMatchObject(
    {
      code: 'LAB_BUILD_FAILED',
      found: expect.stringContaining('two'),
    },
  )
})

test('of two builds one waits for the other', async () => {
  const path = join(temporaryFolder(), 'lock')
  const order: string[] = []
  const free = await lock(path, () => undefined)
  const second = lock(path, (holder) => void order.push(`waits for ${holder}`)).then(async (freeIt) => {
    order.push('second')
    await freeIt()
  })
  await expect.poll(() => order).toEqual([`waits for ${hostname()} ${process.pid}`])
  order.push('first is done')
  await free()
  await second
  expect(order.slice(1)).toEqual(['first is done', 'second'])
  expect(existsSync(path)).toBe(false)
})

test('the lock of a build that is gone holds nobody up', async () => {
  const path = join(temporaryFolder(), 'lock')
  writeFileSync(path, `${hostname()} 999999999`)
  const free = await lock(path, () => expect.unreachable())
  await free()
})
