/** One run at a time: a second run fails with the name of the first, and gets the machine when the first has ended. */
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'
import { lockMachine } from '../../../harness/targets/host/machine-lock.ts'
import { temporaryFolder } from '../../support/rack-file.ts'

const HOLD = new URL('../../../harness/targets/host/machine-lock.ts', import.meta.url).href
const asRoot = process.getuid?.() === 0

/** A process that holds the machine until it is ended. */
async function otherRun(folder: string) {
  const program = `import { lockMachine } from '${HOLD}'
    await lockMachine(process.argv[1]); console.log('held'); setInterval(() => {}, 1000)`
  const other = execa('node', ['--input-type=module-typescript', '-e', program, folder], {
    reject: false,
    buffer: false,
  })
  onTestFinished(() => void other.kill('SIGKILL'))
  await once(other.stdout, 'data')
  // In an object: by itself it would be awaited.
  return { other }
}

const startOf = (pid: number): string => {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

test('the holder is named, and what it holds is free when it is gone, even by kill -9', async () => {
  const folder = temporaryFolder()
  const { other } = await otherRun(folder)
  await expect(lockMachine(folder)).rejects.toThrow(
    expect.objectContaining({
      code: 'TARGET_UNAVAILABLE',
      found: expect.stringMatching(new RegExp(`^process ${other.pid} of \\S+, since 2`)) as string,
    }),
  )
  other.kill('SIGKILL')
  await other
  await (await lockMachine(folder)).release()
  expect(readdirSync(folder)).toEqual([])
})

test('targets of one run share it, and the last one gives it back', async () => {
  const folder = temporaryFolder()
  const [one, two] = [await lockMachine(folder), await lockMachine(folder)]
  await one.release()
  await one.release()
  expect(readdirSync(folder)).toEqual([`claimcheck-host.${process.pid}.${startOf(process.pid)}`])
  await two.release()
  expect(readdirSync(folder)).toEqual([])
})

test.for<[string, (path: string) => void]>([
  ['names a process that does not exist', (path) => writeFileSync(`${path}.999999999.1`, '')],
  ['names another start of a process', (path) => writeFileSync(`${path}.${process.pid}.1`, '')],
  ['names no process', (path) => writeFileSync(`${path}.1.2.3`, '')],
  ['is a folder', (path) => mkdirSync(`${path}.${process.ppid}.${startOf(process.ppid)}`)],
  ['is a link', (path) => symlinkSync('/etc/passwd', `${path}.${process.ppid}.${startOf(process.ppid)}`)],
])('a file that %s holds nothing', async ([, plant]) => {
  const folder = temporaryFolder()
  plant(join(folder, 'claimcheck-host'))
  await expect(lockMachine(folder)).resolves.toHaveProperty('release')
})

test.runIf(asRoot)('a file of another user than its process holds nothing', async () => {
  const folder = temporaryFolder()
  const path = join(folder, `claimcheck-host.${process.ppid}.${startOf(process.ppid)}`)
  writeFileSync(path, '')
  chownSync(path, 12345, 12345)
  await expect(lockMachine(folder)).resolves.toHaveProperty('release')
})

test.runIf(asRoot)('a user who holds the machine is named by what the kernel says', async () => {
  const folder = temporaryFolder()
  chmodSync(folder, 0o1777)
  const program =
    'touch "$1/claimcheck-host.$$.$(sed "s/.*) //" /proc/$$/stat | cut -d" " -f20)"; echo held; sleep 60'
  const squatter = execa('setpriv', ['--reuid', '1', '--clear-groups', 'sh', '-c', program, 'sh', folder], {
    reject: false,
    buffer: false,
    killDescendants: true,
  })
  onTestFinished(() => void squatter.kill('SIGKILL'))
  await once(squatter.stdout, 'data')
  await expect(lockMachine(folder)).rejects.toMatchObject({
    found: expect.stringMatching(/^process \d+ of daemon,/) as string,
  })
})
