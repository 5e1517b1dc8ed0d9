/** One run at a time: the second is told who the first is, and gets the machine when it is gone, however it ended. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'
import { lockMachine } from '../../../harness/targets/host/machine-lock.ts'

const socket = `\0claimcheck-test-${process.pid}`
const HOLD = new URL('../../../harness/targets/host/machine-lock.ts', import.meta.url).href

/** A process that holds it until it is ended. */
async function otherRun() {
  const program = `import { lockMachine } from '${HOLD}'
    await lockMachine(process.argv[1].replace('@', '\\0')); console.log('held'); setInterval(() => {}, 1000)`
  const args = ['--input-type=module-typescript', '-e', program, socket.replace('\0', '@')]
  const other = execa('node', args, { reject: false, buffer: false })
  await once(other.stdout, 'data')
  // In an object: by itself it would be awaited.
  return { other }
}

test('the holder is named, and what it holds is free when it is gone, even by kill -9', async () => {
  const { other } = await otherRun()
  await expect(lockMachine(socket)).rejects.toThrow(
    expect.objectContaining({
      code: 'TARGET_UNAVAILABLE',
      found: expect.stringContaining(`process ${other.pid} of `) as string,
    }),
  )
  other.kill('SIGKILL')
  await other
  await (await lockMachine(socket)).release()
})

test('targets of one run share it, and the last one gives it back', async () => {
  const [one, two] = [await lockMachine(socket), await lockMachine(socket)]
  await one.release()
  await one.release()
  const refused = await execa('node', [
    '--input-type=module-typescript',
    '-e',
    `import { lockMachine } from '${HOLD}'
    await lockMachine('${socket.replace('\0', '\\0')}').catch((error) => console.log(error.found))`,
  ])
  expect(refused.stdout).toMatch(new RegExp(`process ${process.pid} of `))
  await two.release()
  const { other } = await otherRun()
  other.kill()
  await other
})

test('another program at the socket that never stops sending cannot hold the run up', async () => {
  const socket = `\0claimcheck-squatted-${process.pid}`
  const flood = createServer((caller) => {
    caller.on('error', () => caller.destroy())
    const timer = setInterval(() => caller.write('\u001B[2J'.repeat(1000)), 1)
    caller.on('close', () => clearInterval(timer))
  }).listen(socket)
  onTestFinished(() => void flood.close())
  await once(flood, 'listening')
  const refused = await lockMachine(socket).catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'TARGET_UNAVAILABLE' })
  expect(String(refused)).not.toContain('\u001B')
  expect(String(refused).length).toBeLessThan(2000)
})
