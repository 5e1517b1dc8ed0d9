import { expect, test } from 'vitest'
import { ProgressLine } from '../../harness/vitest/progress-line.ts'
import { InlineProject } from './inline-project.ts'

const at = (arm: 'aligned' | 'unaligned', round: number, done: number) =>
  ({ comparison: 'kv-transfer', arm, round, phase: 'moving', done, of: 24 }) as const

test('on a terminal one line is rewritten, truncated to the width, and erased before other output', () => {
  let text = ''
  const line = new ProgressLine({ isTTY: true, columns: 40, write: (part) => (text += part) })
  line.show(at('aligned', 1, 12))
  line.say('a sentence that is wider than the terminal')
  line.clear()
  line.clear()
  expect(text.split('\r\u001B[2K')).toEqual([
    '',
    '  kv-transfer aligned, round 2: 12/24 …',
    '  a sentence that is wider than the te…',
    '',
  ])
})

test('without a terminal a line is printed when an arm starts, at most every ten seconds', () => {
  let text = ''
  let now = 0
  const line = new ProgressLine({ write: (part) => (text += part) }, () => now)
  for (const [after, arm, round] of [
    [0, 'aligned', 0],
    [4, 'unaligned', 0],
    [12, 'unaligned', 1],
    [30, 'unaligned', 1],
    [31, 'aligned', 1],
  ] as const) {
    now = after * 1000
    line.show(at(arm, round, 3))
  }
  line.say('nothing')
  line.clear()
  expect(text).toBe(
    '  kv-transfer aligned, round 1\n  kv-transfer unaligned, round 2\n  kv-transfer aligned, round 2\n',
  )
})

test('progress is sent from the worker to the terminal at most five times per second', async () => {
  using project = new InlineProject({
    'a.test.ts': `import { test } from 'vitest'; import { recordProgress } from './evidence.ts'
      test('one', async ({ task, expect }) => {
        for (let done = 0; done < 1000; done++)
          recordProgress(task, { comparison: 'kv', arm: 'aligned', round: 0, phase: 'moving', done, of: 1000 })
        await new Promise((resolve) => setTimeout(resolve, 50))
        expect(task.artifacts.length).toBeLessThan(10)
        expect(task.artifacts.length).toBeGreaterThan(0) })`,
  })
  const run = await project.run()
  expect(run).toMatchObject({ code: 0, stderr: '' })
  expect(run.stdout).toContain('  kv aligned, round 1\n')
})
