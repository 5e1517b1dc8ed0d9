/** The example suite passes unchanged on nodes in virtual machines, whose NICs are RDMA devices by Soft-RoCE. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSettings } from '../../harness/core/variables.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { startLab, type Lab } from '../../harness/targets/lab/lab.ts'
import { runSuite, verdictsOf } from '../support/run-suite.ts'

const say = (line: string): void => void process.stderr.write(`${line}\n`)

describe.for(['soft-roce-2node', 'soft-roce-gpu-2node'])('rack %s', (name) => {
  const settings = readSettings({ CLAIMCHECK_RACK: name })
  let lab: Lab

  beforeAll(async () => {
    const options = { cacheDir: settings.cacheDir, name: `vm-${process.pid}`, say }
    lab = await startLab(loadRack(settings.rack), { ...options, machine: 'vm' })
  })
  afterAll(() => lab.stop())

  test('every expectation holds over verbs', async () => {
    const rack = { CLAIMCHECK_RACK: name, CLAIMCHECK_ROUNDS: '3' }
    const variables = { ...rack, CLAIMCHECK_TARGET: 'lab', CLAIMCHECK_LAB: lab.name }
    const real = await runSuite('suites/numa', variables, { timeout: 7_200_000 })
    const model = await runSuite('suites/numa', { ...rack, CLAIMCHECK_RUNTIME: 'model' })
    expect(real.exitCode, real.output).toBe(0)
    expect(Object.keys(verdictsOf(real.report))).toEqual(
      expect.arrayContaining(
        Object.keys(verdictsOf(model.report)).filter((title) => !title.includes('4 GiB')),
      ),
    )
    const rounds = Object.values(real.report?.files ?? {}).flatMap(({ evidence }) => Object.values(evidence))
    expect(JSON.stringify(rounds)).toMatch(/rc_verbs\/rxe\d:1/)
  })
})
