/**
 * The example suite passes unchanged on real Kubernetes, with the same expectations as on the emulated rack. The whole suite runs
 * from inside the cluster, in targets/cluster/job.lab.test.ts; here it is what names NUMA node 0.
 */
import { expect } from 'vitest'
import { labTest as test } from '../support/lab.ts'
import { runSuite, verdictsOf } from '../support/run-suite.ts'
import { retryWhenNoisy } from '../support/retry-when-noisy.ts'

const NODE_0 = ['-t', 'NUMA node 0']

test('every expectation holds, and no claim is left', retryWhenNoisy(1), async ({ lab }) => {
  const real = await runSuite('suites/numa', lab.variables, { timeout: 600_000 }, NODE_0)
  const model = await runSuite('suites/numa', { CLAIMCHECK_RUNTIME: 'model' }, {}, NODE_0)
  const [verdicts, sentences] = [verdictsOf(real.report), Object.keys(verdictsOf(model.report))]
  expect(real.exitCode, real.output).toBe(0)
  expect(Object.keys(verdicts).toSorted()).toEqual(sentences.toSorted())
  expect(Object.values(verdicts).filter((verdict) => verdict === 'passed').length).toBeGreaterThan(10)
  const targets = Object.values(real.report?.files ?? {}).map(({ target }) => target)
  expect(new Set(targets)).toEqual(new Set(['lab']))
  await lab.requireClean()
})
