/** A run that is ended from outside takes its Namespace with it; one that is killed leaves it to sweep. */
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { LAB, labOfFile } from '../../support/lab.ts'
import { SuiteProcess } from '../../support/suite-process.ts'
import { claimcheck } from '../../cli/claimcheck.ts'

const file = labOfFile()

const names = async (kind: string): Promise<string> =>
  (await execa('kubectl', ['--kubeconfig', file.lab.kubeconfig, 'get', kind, '-A', '-o', 'name'])).stdout

/** Pods are there and bytes move. */
async function midTransfer(): Promise<{ run: SuiteProcess; namespace: string }> {
  const run = new SuiteProcess('suites/numa/kv-transfer.test.ts', {
    CLAIMCHECK_TARGET: 'lab',
    CLAIMCHECK_LAB: LAB,
  })
  await run.saying('round 1')
  const namespace = /Namespace (claimcheck-\w+) in lab \S+, which stays up/.exec(run.said)?.[1] ?? ''
  await expect
    .poll(
      () =>
        execa('kubectl', ['--kubeconfig', file.lab.kubeconfig, 'get', 'pods', '-n', namespace]).then(
          ({ stdout }) => stdout,
        ),
      { timeout: 60_000 },
    )
    .toMatch(/initiator .*Running/)
  return { run, namespace }
}

test.for([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s: nothing is left, and nothing reads as green', async ([signal, code]) => {
  const { run, namespace } = await midTransfer()
  run.kill(signal)
  expect(await run.ended).toEqual({ code, signal: null })
  expect(await names('namespaces')).not.toContain(namespace)
  expect(run.report('junit.xml')).toMatch(/<error [^>]*type="INTERRUPTED"/)
})

test('kill -9: sweep finds the Namespace, asks, and takes it', async () => {
  const { run, namespace } = await midTransfer()
  run.killGroup('SIGKILL')
  await run.ended
  await sleep(1000)
  expect(await names('namespaces')).toContain(namespace)
  const env = {
    CLAIMCHECK_TARGET: 'cluster',
    CLAIMCHECK_CONTEXT: file.lab.context,
    KUBECONFIG: file.lab.kubeconfig,
  }
  const refused = await claimcheck(['sweep'], env)
  expect(refused).toMatchObject({ exitCode: 1 })
  expect(refused.stderr).toContain(`Namespace ${namespace}`)
  const swept = await claimcheck(['sweep', '--yes'], env)
  expect(swept).toMatchObject({ exitCode: 0, stderr: '' })
  expect(await names('namespaces')).not.toContain(namespace)
  expect(await names('resourceclaims')).not.toContain(namespace)
})
