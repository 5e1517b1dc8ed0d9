/** The example suite passes unchanged on real Kubernetes, with the same expectations as on the emulated rack. */
import { expect } from 'vitest'
import { labTest as test } from '../support/lab.ts'
import { runSuite, verdictsOf } from '../support/run-suite.ts'
import { retryWhenNoisy } from '../support/retry-when-noisy.ts'

test('every expectation holds, and no claim is left', retryWhenNoisy(1), async ({ lab }) => {
  const real = await runSuite('suites/numa', lab.variables, { timeout: 600_000 })
  const model = await runSuite('suites/numa', { CLAIMCHECK_RUNTIME: 'model' })
  const [verdicts, sentences] = [verdictsOf(real.report), Object.keys(verdictsOf(model.report))]
  expect(real.exitCode, real.output).toBe(0)
  expect(Object.keys(verdicts).toSorted()).toEqual(sentences.toSorted())
  expect(Object.values(verdicts).filter((verdict) => verdict === 'passed').length).toBeGreaterThan(10)
  const targets = Object.values(real.report?.files ?? {}).map(({ target }) => target)
  expect(new Set(targets)).toEqual(new Set(['lab']))
  await lab.requireClean()
})
