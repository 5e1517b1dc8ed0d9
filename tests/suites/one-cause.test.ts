/** The terminal prints a cause that leaves a whole run without measurements once, and every test refers to it. */
import { expect, test } from 'vitest'
import { rackFile } from '../support/rack-file.ts'
import { runSuite } from '../support/run-suite.ts'

const onBoth = (fault: (node: string) => string): readonly string[] => ['node-a', 'node-b'].map(fault)
const count = (text: string, part: string): number => text.split(part).length - 1

test('no node publishes a GPU', async () => {
  const run = await runSuite('suites/numa', {
    CLAIMCHECK_RUNTIME: 'model',
    CLAIMCHECK_RACK: rackFile({
      faults: onBoth((node) => `{ kind: gpu-count, node: ${node}, count: 0 }`),
    }),
  })
  expect(run.exitCode, run.output).toBe(1)
  // Once for claims that any node may satisfy, and once for those of a pod of one node.
  expect(count(run.output, 'CLAIM_UNSATISFIABLE: no node has'), run.output).toBe(2)
  expect(count(run.output, 'CLAIM_UNSATISFIABLE: as above')).toBeGreaterThan(20)
  expect(run.output).toContain('needs 4: 0 devices of')
  expect(run.output).not.toContain('of them match')
  const inconclusive = (run.report?.tests ?? []).filter(({ verdict }) => verdict === 'inconclusive')
  const unnamed = inconclusive.flatMap(({ expectations }) =>
    expectations.flatMap(({ reasons }) => reasons.filter((reason) => !reason.startsWith('claim '))),
  )
  expect(unnamed, 'results.json names the claim of every test').toEqual([])
})

test('the logs of both nodes are empty', async () => {
  const run = await runSuite('suites/numa', {
    CLAIMCHECK_RUNTIME: 'model',
    CLAIMCHECK_RACK: rackFile({ faults: onBoth((node) => `{ kind: log-missing, node: ${node} }`) }),
  })
  expect(run.exitCode, run.output).toBe(1)
  // Once for transfers, and once for pods that list their devices.
  expect(count(run.output, 'RESULT_MISSING: a transfer'), run.output).toBe(2)
  expect(count(run.output, 'RESULT_MISSING: as above')).toBeGreaterThan(20)
})
