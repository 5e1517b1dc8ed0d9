/** Runs on Kubernetes that are interrupted or killed, and the removal of what they leave. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { claimcheck } from '../../cli/claimcheck.ts'
import { longTransfers, runningPod, transferSuite, words } from '../../support/lab-runs.ts'
import { labTest as test, type LabUnderTest } from '../../support/lab.ts'
import { SuiteProcess } from '../../support/suite-process.ts'

describe('A run', () => {
  const start = async (lab: LabUnderTest): Promise<SuiteProcess> => {
    const variables = { ...lab.variables, ...longTransfers(2000) }
    const started = new SuiteProcess('scratch', variables, { args: transferSuite() })
    await runningPod(lab, 'initiator')
    return started
  }

  test.for([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('that receives %s removes its objects and exits with %i', async ([signal, code], { lab }) => {
    const started = await start(lab)
    started.kill(signal)
    expect(await started.ended).toMatchObject({ code })
    expect(readFileSync(join(started.reports, 'junit.xml'), 'utf8')).toMatch(/<error type="INTERRUPTED"/)
    await lab.requireClean()
  })

  test('that is killed leaves a Namespace, which sweep removes', async ({ lab }) => {
    const started = await start(lab)
    started.killGroup('SIGKILL')
    await started.ended
    await expect(lab.requireClean()).rejects.toThrow('to deeply equal []')
    const env = { KUBECONFIG: lab.kubeconfig, CLAIMCHECK_TARGET: 'cluster', CLAIMCHECK_CONTEXT: lab.context }
    const refused = await claimcheck(['sweep'], env)
    expect(refused.exitCode, refused.stderr).not.toBe(0)
    expect(words(refused.stderr)).toContain('expires')
    const swept = await claimcheck(['sweep', '--yes'], env)
    expect(swept.exitCode, swept.stderr).toBe(0)
    await lab.requireClean()
  })
})
