/**
 * This machine as a target, with real processes: claims, pods, logs, release. Its GPUs are those of a recording, since the
 * machines that test this have none; so bytes move in host memory.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ResourceClaimTemplate } from '../../../harness/dra/objects.ts'
import { allGpusTemplate } from '../../../harness/claim/claim-template.ts'
import { publicationOf } from '../../../harness/claim/publication.ts'
import { resolveAllocation } from '../../../harness/claim/allocated-claim.ts'
import { Journal } from '../../../harness/core/journal.ts'
import { seconds } from '../../../harness/core/units.ts'
import { readSettings } from '../../../harness/core/variables.ts'
import { provideBinaries } from '../../../harness/native/build-binaries.ts'
import { provideNixl } from '../../../harness/native/nixl.ts'
import { loadSku } from '../../../harness/sku/sku.ts'
import { HostTarget } from '../../../harness/targets/host/host-target.ts'
import type { PodSpec } from '../../../harness/scheduling/pod.ts'
import { TransferLog } from '../../../harness/transfer/transfer-log.ts'
import { PROJECT } from '../../support/run-suite.ts'
import { familyOf } from '../../support/suite-process.ts'
import { fakeSmi, type Answers } from '../../support/fake-smi.ts'

const { PATH = '' } = process.env
const wait = { within: seconds(60) }
const known = loadSku(`${PROJECT}/fixtures/skus/h200x2.yaml`)
const sku = { ...known, gpus: known.gpus.slice(0, 1) }
const transferEnv = { TRANSFER_SECRET: '0123456789abcdef0123456789abcdef' }
const quiet = (): void => undefined

let binaries: Awaited<ReturnType<typeof provideBinaries>>
let nixl: Awaited<ReturnType<typeof provideNixl>>
beforeAll(async () => {
  binaries = await provideBinaries(quiet)
  nixl = await provideNixl(readSettings(process.env).cacheDir, quiet)
})
afterAll(() => {
  process.env['PATH'] = PATH
})

async function open(answers: Answers): Promise<HostTarget> {
  process.env['PATH'] = `${fakeSmi(answers)}:${PATH}`
  return HostTarget.open({ transfer: binaries.transfer, nixl, journal: new Journal(), env: process.env })
}

const pod = (name: string, template: ResourceClaimTemplate, containers: PodSpec['containers']): PodSpec => ({
  name,
  group: name,
  template: template.metadata.name,
  containers,
})
const looking = [{ name: 'main', args: ['--mode', 'devices'] }]

test('two containers of a pod with the GPU move bytes, and nothing is left of them', async () => {
  const target = await open({ query: 'h200/query.csv' })
  try {
    const template = allGpusTemplate(sku, { published: publicationOf([]) })
    await target.apply(template)
    const common = ['--port', '5557', '--device', 'dram', '--block-size', '65536', '--iters', '5']
    const scheduled = await target.schedule(
      pod('pair', template, [
        {
          name: 'target',
          args: ['--mode', 'target', '--listen', '127.0.0.1', ...common],
          secretEnv: transferEnv,
        },
        {
          name: 'initiator',
          args: ['--mode', 'initiator', '--target-host', '127.0.0.1', ...common],
          secretEnv: transferEnv,
        },
      ]),
      wait,
    )
    expect(resolveAllocation(scheduled.claim, await target.slices()).gpus).toMatchObject([
      { pciAddress: '0000:00:06.0' },
    ])
    const running = await target.run(scheduled)
    const transcript = new TransferLog('initiator')
    for await (const line of target.log(running, 'initiator')) transcript.add(line)
    expect(transcript.result().verified_bytes).toBe(65536)
    expect(await target.exit(running, 'target', wait)).toEqual({ code: 0, signal: null })
    await target.release([scheduled], wait)
    expect(familyOf(process.pid).filter(({ program }) => program.startsWith('claimcheck-'))).toEqual([])
  } finally {
    await target.close()
  }
})

test('a GPU is given to one pod at a time; the next waits for it, and a release ends what ran', async () => {
  const target = await open({ query: 'h200/query.csv' })
  try {
    const template = allGpusTemplate(sku, { published: publicationOf([]) })
    await target.apply(template)
    const args = ['--mode', 'target', '--port', '5558', '--device', 'dram', '--block-size', '4096']
    const first = await target.schedule(
      pod('first', template, [{ name: 'main', args, secretEnv: transferEnv }]),
      wait,
    )
    const running = await target.run(first)
    for await (const line of target.log(running, 'main')) if (line.includes('target_ready')) break
    await expect(target.schedule(pod('late', template, looking), { within: seconds(0.5) })).rejects.toThrow(
      /gpu-0 by pod first/,
    )
    const second = target.schedule(pod('second', template, looking), wait)
    await target.release([first], wait)
    expect((await second).node).toBe(first.node)
    expect(familyOf(process.pid).filter(({ program }) => program.startsWith('claimcheck-'))).toEqual([])
  } finally {
    await target.close()
  }
})

test.for([
  ['more GPUs than there are', known, { query: 'h200/query.csv' }, /needs 2: .*1 of them match/s],
  [
    'a GPU that a program fills',
    sku,
    { query: 'h200/query-filled.csv', apps: 'h200/apps-filled.csv' },
    /in use: gpu-0 by process \d+ \(python3\), which holds 140076 MiB of it/,
  ],
] as const)('%s: CLAIM_UNSATISFIABLE, and nothing stays allocated', async ([, profile, answers, message]) => {
  const target = await open(answers)
  try {
    const template = allGpusTemplate(profile, { published: publicationOf([]) })
    await target.apply(template)
    await expect(target.schedule(pod('pod', template, looking), wait)).rejects.toThrow(
      expect.objectContaining({
        code: 'CLAIM_UNSATISFIABLE',
        message: expect.stringMatching(message) as string,
      }),
    )
    expect(await target.diagnose('pod')).toMatchObject({ pods: [] })
  } finally {
    await target.close()
  }
})

test('a pod whose GPU cannot be used says what it sees instead', async () => {
  const target = await open({ query: 'h200/query.csv' })
  try {
    const template = allGpusTemplate(sku, { published: publicationOf([]) })
    await target.apply(template)
    const scheduled = await target.schedule(pod('pod', template, looking), wait)
    const lines: string[] = []
    for await (const line of target.log(await target.run(scheduled), 'main')) lines.push(line)
    expect(lines.join('\n')).toMatch(/"gpus":\[\],"gpu_error":"libcuda\.so\.1/)
  } finally {
    await target.close()
  }
})
