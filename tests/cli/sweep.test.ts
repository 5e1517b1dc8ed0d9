/** `claimcheck sweep` removes what ended runs left behind, and nothing that a run may still need. */
import { existsSync, mkdirSync, readFileSync, readlinkSync, utimesSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'
import { provideBinaries } from '../../harness/native/build-binaries.ts'
import { temporaryFolder } from '../support/rack-file.ts'
import { claimcheck } from './claimcheck.ts'

const { node } = await provideBinaries(() => undefined)

function cacheWith(...folders: readonly string[]): string {
  const cache = temporaryFolder()
  for (const folder of folders) mkdirSync(join(cache, folder, 'unpacked'), { recursive: true })
  return cache
}

const runs = (pid: number): boolean =>
  existsSync(`/proc/${pid}/exe`) && readlinkSync(`/proc/${pid}/exe`) === node

/** A node agent whose parent has ended, kept running by an open standard input. */
async function orphan(): Promise<number> {
  const input = join(temporaryFolder(), 'input')
  await execa('mkfifo', [input])
  const { stdout } = await execa('sh', ['-c', '"$0" 0<>"$1" >/dev/null 2>&1 & echo $!', node, input])
  const pid = Number(stdout)
  onTestFinished(() => {
    if (runs(pid)) process.kill(pid, 'SIGKILL')
  })
  await expect.poll(() => runs(pid)).toBe(true)
  return pid
}

test('nothing is found on a clean machine', async () => {
  const env = { CLAIMCHECK_CACHE_DIR: join(temporaryFolder(), 'none-yet') }
  // Another test may be killing a run at the moment.
  await expect
    .poll(() => claimcheck(['sweep'], env), { timeout: 10_000 })
    .toEqual({ exitCode: 0, stdout: 'Nothing was left behind.', stderr: '' })
})

test('an agent whose harness has ended is listed with --dry-run and ended without it', async () => {
  const pid = await orphan()
  const env = { CLAIMCHECK_CACHE_DIR: temporaryFolder() }
  const what = `process ${pid} (claimcheck-node), whose harness has ended`
  const dry = await claimcheck(['sweep', '--dry-run'], env)
  expect(dry).toMatchObject({ exitCode: 0, stderr: '' })
  expect(dry.stdout.split('\n')).toContain(`Would remove ${what}`)
  expect(runs(pid)).toBe(true)
  const wet = await claimcheck(['sweep'], env)
  expect(wet).toMatchObject({ exitCode: 0, stderr: '' })
  expect(wet.stdout.split('\n')).toContain(`Removed ${what}`)
  expect(runs(pid)).toBe(false)
})

test('the agent of a live harness keeps running', async () => {
  const agent = execa(node, { stdin: 'pipe', reject: false })
  onTestFinished(async () => {
    agent.stdin.end()
    await agent
  })
  const pid = agent.pid ?? 0
  await expect.poll(() => runs(pid)).toBe(true)
  const said = await claimcheck(['sweep'], { CLAIMCHECK_CACHE_DIR: temporaryFolder() })
  expect(said.exitCode).toBe(0)
  expect(said.stdout).not.toContain(String(pid))
  expect(runs(pid)).toBe(true)
})

test('an agent that has a terminal, where a person may have started it, is never ended unasked', async () => {
  const pidFile = join(temporaryFolder(), 'pid')
  const input = join(temporaryFolder(), 'input')
  await execa('mkfifo', [input])
  // The shell that started the agent ends; the one that holds the terminal does not.
  const shell = `trap "" HUP; '${node}' 0<>'${input}' >/dev/null 2>&1 & echo $! >'${pidFile}'`
  const terminal = execa('script', ['-qfc', `(${shell}); sleep 60`, '/dev/null'], {
    reject: false,
    killDescendants: true,
  })
  onTestFinished(() => void terminal.kill('SIGKILL'))
  await expect.poll(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').endsWith('\n')).toBe(true)
  const pid = Number(readFileSync(pidFile, 'utf8'))
  onTestFinished(() => {
    if (runs(pid)) process.kill(pid, 'SIGKILL')
  })
  await expect.poll(() => runs(pid)).toBe(true)
  const env = { CLAIMCHECK_CACHE_DIR: temporaryFolder() }
  const asked = await claimcheck(['sweep'], env)
  expect(asked.exitCode).toBe(1)
  expect(asked.stderr).toMatch(new RegExp(`NOT_SWEPT: process ${pid} .*could not be removed`))
  expect(runs(pid)).toBe(true)
  expect(await claimcheck(['sweep', '--yes'], env)).toMatchObject({ exitCode: 0 })
  expect(runs(pid)).toBe(false)
})

test('another program with the same name keeps running', async () => {
  const input = join(temporaryFolder(), 'input')
  const other = join(temporaryFolder(), 'claimcheck-node')
  await execa('mkfifo', [input])
  await execa('cp', [node, other])
  const { stdout } = await execa('sh', ['-c', '"$0" 0<>"$1" >/dev/null 2>&1 & echo $!', other, input])
  const pid = Number(stdout)
  onTestFinished(() => void process.kill(pid, 'SIGKILL'))
  expect((await claimcheck(['sweep'], { CLAIMCHECK_CACHE_DIR: temporaryFolder() })).stdout).not.toContain(
    stdout,
  )
  expect(existsSync(`/proc/${pid}`)).toBe(true)
})

test('an incomplete NIXL folder is removed when its run has ended or it is an hour old, and kept otherwise', async () => {
  const ended = execa('true')
  await ended
  const gone = ended.pid
  const folder = (host: string, pid: number | undefined): string => `nixl-unpack-${host}-${pid}-abcdef`
  const [dead, alive, elsewhere, old] = [
    folder(hostname(), gone),
    folder(hostname(), process.pid),
    folder('another-host', gone),
    folder('a-third-host', gone),
  ]
  const cache = cacheWith(dead, alive, elsewhere, old, 'nixl-1.5.1-manylinux_2_28_x86_64')
  const before = Date.now() / 1000 - 3700
  utimesSync(join(cache, old), before, before)
  const said = await claimcheck(['sweep'], { CLAIMCHECK_CACHE_DIR: cache })
  expect(said).toMatchObject({ exitCode: 0, stderr: '' })
  expect(said.stdout.split('\n').filter((line) => line.includes(cache))).toEqual(
    [
      `Removed folder ${join(cache, dead)}, whose run has ended`,
      `Removed folder ${join(cache, old)}, older than an hour`,
    ].sort(),
  )
  expect([dead, alive, elsewhere, old].map((name) => existsSync(join(cache, name)))).toEqual([
    false,
    true,
    true,
    false,
  ])
})
