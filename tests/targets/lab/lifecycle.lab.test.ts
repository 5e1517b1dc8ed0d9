/** Labs start, run side by side and are removed completely, also after an interruption, a kill or a failed start. */
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { afterAll, describe, expect, test } from 'vitest'
import { readSettings } from '../../../harness/core/variables.ts'
import { loadRack } from '../../../harness/rack/rack.ts'
import { accessOf, apiRequest } from '../../../harness/targets/lab/api-request.ts'
import { findLab, labs, findRunningLab, startLab, stopLab } from '../../../harness/targets/lab/lab.ts'
import { labsFolder } from '../../../harness/targets/lab/lab-state.ts'
import { until } from '../../support/lab-pods.ts'

const PROJECT = resolve(import.meta.dirname, '../../..')
const RACK = join(PROJECT, 'fixtures/racks/h100-2node.yaml')
const rack = loadRack(RACK)
const { cacheDir } = readSettings(process.env)
const name = (which: string): string => `life-${process.pid}-${which}`

const command = (...args: string[]) =>
  execa(process.execPath, [join(PROJECT, 'bin/claimcheck.js'), 'lab', ...args], {
    reject: false,
    all: true,
    // By default execa sends SIGKILL 5 s after SIGTERM, which is too early on a busy machine.
    forceKillAfterDelay: false,
    env: { CLAIMCHECK_RACK: RACK },
  })
const resourcesOf = async (lab: string) => (await labs()).find((one) => one.lab === lab)

describe('labs', () => {
  afterAll(async () => {
    for (const { lab } of await labs())
      if (lab.startsWith(`life-${process.pid}-`)) await stopLab(cacheDir, lab)
  })

  test('labs with different names run side by side', async () => {
    const options = (which: string) => ({ cacheDir, name: name(which), workers: 0 })
    const [one, two] = await Promise.all(['one', 'two'].map((which) => startLab(rack, options(which))))
    if (one === undefined || two === undefined) throw new Error('two were started')
    const servers = [one, two].map(({ kubeconfig }) => accessOf(readFileSync(kubeconfig, 'utf8')))
    expect(new Set(servers.map(({ server }) => server)).size).toBe(2)
    for (const access of servers) {
      const { body } = await apiRequest(access, 'GET', '/apis/resource.k8s.io/v1/deviceclasses')
      const names = (body as { items: { metadata: { name: string } }[] }).items.map(
        ({ metadata }) => metadata.name,
      )
      expect(names).toEqual(['dranet.net', 'gpu.nvidia.com'])
    }
    expect(statSync(one.kubeconfig).mode & 0o777).toBe(0o600)
    expect((await findLab(rack, options('one')))?.kubeconfig).toBe(one.kubeconfig)
    expect(await findLab({ ...rack, seed: 2 }, options('one'))).toBeUndefined()
    await expect(startLab(rack, options('one'))).rejects.toMatchObject({
      code: 'LAB_UNAVAILABLE',
      message: expect.stringContaining('already exists'),
    })
    await one.stop()
    await one.stop()
    expect(await findLab(rack, options('one'))).toBeUndefined()
    expect(await resourcesOf(one.name)).toBeUndefined()
    expect((await findLab(rack, options('two')))?.name).toBe(two.name)
    await two.stop()
    expect(await resourcesOf(two.name)).toBeUndefined()
  })

  test('a persistent lab is found by its rack or its name', async () => {
    const own = { ...rack, name: name('rack'), nodes: [] }
    const persistent = await startLab(own, { cacheDir, name: name('persistent'), persistent: true })
    expect((await findRunningLab(own, { cacheDir, name: undefined }))?.name).toBe(persistent.name)
    expect((await findRunningLab(own, { cacheDir, name: persistent.name }))?.name).toBe(persistent.name)
    expect(await findRunningLab({ ...own, seed: 2 }, { cacheDir, name: undefined })).toBeUndefined()
    expect(await findRunningLab(own, { cacheDir, name: name('other') })).toBeUndefined()
    expect((await resourcesOf(persistent.name))?.owner).toBe('none')
    await persistent.stop()
  })

  test.for(['SIGINT', 'SIGTERM'] as const)('%s while a lab starts removes it', async (signal) => {
    const lab = name(signal.toLowerCase())
    const up = command('up', '--name', lab, '--nodes', '0')
    await until(
      'its container',
      () => resourcesOf(lab),
      (resources) => (resources?.containers.length ?? 0) > 0,
    )
    up.kill(signal)
    const { exitCode, all } = await up
    expect(exitCode, all).toBe(1)
    expect(all).toContain('INTERRUPTED')
    expect(await resourcesOf(lab)).toBeUndefined()
  })

  test('the lab of a killed process is removed by the next lab', async () => {
    const lab = name('killed')
    const script = `
      import { startLab } from ${JSON.stringify(join(PROJECT, 'harness/targets/lab/lab.ts'))}
      import { loadRack } from ${JSON.stringify(join(PROJECT, 'harness/rack/rack.ts'))}
      await startLab(loadRack(${JSON.stringify(RACK)}), { cacheDir: ${JSON.stringify(cacheDir)}, name: '${lab}', workers: 0 })
      console.log('ready')
      setInterval(() => undefined, 1000)`
    const run = execa(process.execPath, ['--input-type=module', '-e', script], { reject: false })
    await once(run.stdout, 'data')
    expect((await resourcesOf(lab))?.owner).toBe('alive')
    run.kill('SIGKILL')
    await run
    expect((await resourcesOf(lab))?.owner).toBe('gone')
    const next = await startLab(rack, { cacheDir, name: name('next'), workers: 0 })
    expect(await resourcesOf(lab)).toBeUndefined()
    await next.stop()
  })

  test('the commands up, status and down', async () => {
    const lab = name('cli')
    const up = await command('up', '--name', lab, '--nodes', '0')
    expect(up.exitCode, up.all).toBe(0)
    expect(up.all).toContain(`export KUBECONFIG=${join(labsFolder(cacheDir), lab, 'kubeconfig')}`)
    const status = await command('status')
    expect(status.all).toContain(`${lab}: 1 of 1 containers run, started to stay`)
    expect((await command('up', '--name', lab, '--nodes', '0')).all).toContain('is already running')
    const down = await command('down', '--name', lab)
    expect(down.all).toContain(`Stopped lab ${lab}.`)
    expect((await command('down', '--name', lab)).all).toContain(`There is no lab ${lab}.`)
  })
})

test('an invalid name is refused', async () => {
  await expect(startLab(rack, { cacheDir, name: 'No_Such Name' })).rejects.toMatchObject({
    code: 'LAB_UNAVAILABLE',
    subject: 'lab "No_Such Name"',
  })
})

test('more workers than the rack has nodes are refused', async () => {
  const { exitCode, all } = await command('up', '--nodes', '3')
  expect(exitCode).toBe(1)
  expect(all).toContain('--nodes: expected a whole number from 0 to 2, or vm, found "3"')
})

test('a fault that the lab does not support is refused before anything starts', async () => {
  const faults = [{ kind: 'log-cut', node: 'node-a' } as const]
  await expect(startLab({ ...rack, faults }, { cacheDir, name: name('faulty') })).rejects.toMatchObject({
    code: 'FAULT_INVALID',
  })
})

const statusWith = (program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  execa(program, [...args, process.execPath, join(PROJECT, 'bin/claimcheck.js'), 'lab', 'status'], {
    reject: false,
    all: true,
    env: { ...env },
  })

test('without Docker the error names what to install', async () => {
  const { exitCode, all } = await statusWith('env', ['DOCKER_HOST=unix:///nonexistent/docker.sock'])
  expect(exitCode, all).toBe(1)
  expect(all).toContain('LAB_UNAVAILABLE: Docker could not be reached')
  expect(all).toContain('/nonexistent/docker.sock')
  expect(all).toContain("Install Docker's engine")
})

test.skipIf(process.getuid?.() !== 0)(
  'for a user without access to Docker the error explains how to get it',
  async () => {
    const { exitCode, all } = await statusWith(
      'setpriv',
      ['--reuid=65534', '--regid=65534', '--clear-groups'],
      {
        HOME: '/nonexistent',
      },
    )
    expect(exitCode, all).toBe(1)
    expect(all).toContain('LAB_UNAVAILABLE: Docker denies access to this user')
    expect(all).toContain('add this user to the group "docker"')
  },
)
