/** Four of the slow paths of single-faults.test.ts with real processes: of a GPU and a NIC of each NUMA node. */
import { describe, expect, test } from 'vitest'
import { rackFile } from '../support/rack-file.ts'
import { retryWhenNoisy } from '../support/retry-when-noisy.ts'
import { runSuite } from '../support/run-suite.ts'

describe('With processes', retryWhenNoisy(1), () => {
  test.for([
    { fault: '{ kind: nic-slow, node: node-a, nic: mlx5_2, fraction: 0.5 }', named: 'node-a/mlx5_2' },
    { fault: '{ kind: nic-slow, node: node-b, nic: mlx5_6, fraction: 0.5 }', named: 'node-b/mlx5_6' },
    { fault: '{ kind: gpu-path-slow, node: node-a, gpu: gpu-1, fraction: 0.5 }', named: 'node-a/' },
    { fault: '{ kind: gpu-path-slow, node: node-b, gpu: gpu-6, fraction: 0.5 }', named: 'node-b/' },
  ])('$fault fails', async ({ fault, named }) => {
    const run = await runSuite('suites/numa/kv-transfer.test.ts', {
      CLAIMCHECK_RUNTIME: 'process',
      CLAIMCHECK_RACK: rackFile({ faults: [fault] }),
    })
    const failed = (run.report?.tests ?? []).filter(({ verdict }) => verdict === 'failed')
    expect(failed.length, run.output).toBeGreaterThan(0)
    const reasons = failed.flatMap(({ expectations }) => expectations.flatMap((one) => one.reasons))
    expect(reasons.join('\n')).toContain(named)
    expect(run.exitCode).toBe(1)
  })
})
