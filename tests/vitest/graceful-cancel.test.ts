import type { ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ended, InlineProject } from './inline-project.ts'

const waiting = `
  import { writeFileSync } from 'node:fs'
  import { setTimeout as sleep } from 'node:timers/promises'
  import { test as base } from 'vitest'
  const test = base.extend('held', ({}, { onCleanup }) => { onCleanup(() => writeFileSync('released', '')); return 1 })
  test('done before', () => {})
  test('running', async ({ held, signal }) => {
    writeFileSync('ready', String(process.pid))
    await sleep(100_000, undefined, { signal })
  })
  test('to come', () => {})
  test.skip('marked', () => {})
`
const later = `import { test } from 'vitest'; test('in a later file', () => {})`

async function ready(project: InlineProject, child: ChildProcess): Promise<void> {
  for (let i = 0; !existsSync(join(project.folder, 'ready')); i++) {
    if (child.exitCode !== null || i > 3000) throw new Error('the project never got to its waiting test')
    await sleep(10)
  }
}

test.for([
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGQUIT', 131],
  ['SIGTERM', 143],
] as const)('%s releases what tests hold and exits with %i', async ([signal, code]) => {
  using project = new InlineProject({ 'a.test.ts': waiting, 'b.test.ts': later })
  const child = project.start()
  const end = ended(child)
  await ready(project, child)
  // Like Ctrl-C, which signals the whole process group.
  if (signal === 'SIGINT') process.kill(-Number(child.pid), signal)
  else child.kill(signal)
  const run = await end
  expect(run).toMatchObject({ code, signal: null })
  expect(existsSync(join(project.folder, 'released'))).toBe(true)
  expect(run.stderr).toContain(`claimcheck: ${signal}: releasing devices`)
  expect(run.stdout).toContain('? running: not run, the run was interrupted')
  expect(project.outcomes()).toEqual([
    'done before: passed',
    'running: error INTERRUPTED',
    'to come: error INTERRUPTED',
    'marked: skipped marked or filtered out in this run',
    'the file: error INTERRUPTED',
    'the run: error INTERRUPTED',
  ])
  expect(project.results().outcome).toBe('interrupted')
})

test('SIGTERM to the whole process group, as by `timeout`, releases too', async () => {
  using project = new InlineProject({ 'a.test.ts': waiting })
  const child = project.start()
  const end = ended(child)
  await ready(project, child)
  process.kill(-Number(child.pid), 'SIGTERM')
  expect(await end).toMatchObject({ code: 143, signal: null })
  expect(existsSync(join(project.folder, 'released'))).toBe(true)
  expect(project.outcomes()).toContain('running: error INTERRUPTED')
})

test('a closed pipe does not keep the run from releasing', async () => {
  using project = new InlineProject({ 'a.test.ts': waiting })
  const child = project.start()
  const end = ended(child)
  await ready(project, child)
  // As `| head` does once it has read enough.
  child.stdout?.destroy()
  child.stderr?.destroy()
  child.kill('SIGTERM')
  expect((await end).code).toBe(143)
  expect(existsSync(join(project.folder, 'released'))).toBe(true)
  expect(project.results().outcome).toBe('interrupted')
})

test('a second signal exits at once, and the report marks the run as interrupted', async () => {
  using project = new InlineProject({ 'a.test.ts': waiting.replace(', { signal }', '') })
  const child = project.start()
  const end = ended(child)
  let told = ''
  const heard = new Promise<void>((resolve) =>
    child.stderr?.on('data', (chunk) => {
      told += chunk
      if (told.includes('repeat the signal')) resolve()
    }),
  )
  await ready(project, child)
  child.kill('SIGINT')
  await heard
  child.kill('SIGINT')
  expect(await end).toMatchObject({ code: 130 })
  const worker = readFileSync(join(project.folder, 'ready'), 'utf8')
  await expect.poll(() => existsSync(`/proc/${worker}`), { timeout: 10_000 }).toBe(false)
  // On a busy machine the report may already be complete after the first signal, with the tests that had ended.
  expect(project.outcomes().filter((outcome) => outcome.endsWith('error INTERRUPTED'))).not.toEqual([])
})

test('a run that is killed leaves a report which is not green', async () => {
  using project = new InlineProject({ 'a.test.ts': waiting.replace('100_000', '1_000') })
  const child = project.start()
  const end = ended(child)
  await ready(project, child)
  child.kill('SIGKILL')
  expect(await end).toMatchObject({ signal: 'SIGKILL' })
  expect(project.outcomes()).toEqual(['the run: error INTERRUPTED'])
})

test('a signal during the global set-up keeps the tests from running', async () => {
  using project = new InlineProject(
    {
      'a.test.ts': later,
      'setup.ts': `import { writeFileSync } from 'node:fs'; import { setTimeout } from 'node:timers/promises'
        export default async () => { writeFileSync('ready', ''); await setTimeout(1_000) }`,
    },
    `globalSetup: ['./setup.ts'],`,
  )
  const child = project.start()
  const end = ended(child)
  await ready(project, child)
  child.kill('SIGINT')
  expect(await end).toMatchObject({ code: 130 })
  expect(project.outcomes()).toEqual(['the file: error INTERRUPTED', 'the run: error INTERRUPTED'])
})
