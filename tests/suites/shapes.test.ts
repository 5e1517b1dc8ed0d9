/** The suites on nodes of other shapes, in the model runtime: what a shape has passes, what it lacks is skipped with the reason. */
import { globSync } from 'node:fs'
import { expect, test } from 'vitest'
import { claimcheck } from '../cli/claimcheck.ts'
import type { TestReport } from '../../harness/report/run-report.ts'
import { PROJECT, runSuite } from '../support/run-suite.ts'

const FIELD = 'tests/fixtures/field/racks'
const noFarNics = (sku: string, node: number): string =>
  `SKU ${sku} has no NICs farther away than those of NUMA node ${node}`
/** Bounds of a placement for which the SKU states no reference are measured, and not judged. */
const isExpected = ({ verdict, expectations }: TestReport): boolean =>
  verdict === 'passed' ||
  verdict === 'skipped' ||
  (verdict === 'inconclusive' && expectations.every(({ code = 'NO_REFERENCE' }) => code === 'NO_REFERENCE'))

/** Shapes after public reports: how many tests pass, and why the others are skipped. */
const shapes = [
  { rack: 'a100-8gpu-2nic', passed: 36, skips: [] },
  { rack: 'a3-ultra', passed: 38, skips: [] },
  { rack: 'dgx-a100-nps4', passed: 70, skips: [] },
  { rack: 'erdma-1x1', passed: 7, skips: [noFarNics('erdma-1x1', 0)] },
  { rack: 'gb300-azure', passed: 36, skips: [] },
  {
    rack: 'gpus2-nics3',
    passed: 34,
    skips: ['no two of the 2 paths have the same number of NICs'],
  },
  { rack: 'gpus4-nics1', passed: 36, skips: [] },
  { rack: 'gpus-only', passed: 2, skips: ['SKU gpus-only has no RDMA NIC'] },
  { rack: 'gpus0-nics1', passed: 7, skips: [noFarNics('gpus0-nics1', 1)] },
  { rack: 'mi300x', passed: 38, skips: [] },
  {
    rack: 'nics-only',
    passed: 32,
    skips: ['SKU nics-only has no GPU'],
  },
  { rack: 'nics-unordered', passed: 36, skips: [] },
  {
    rack: 'odd-gpus',
    passed: 35,
    skips: ['this placement has one path'],
  },
  { rack: 'one-numa', passed: 7, skips: [noFarNics('one-numa', 0)] },
  { rack: 'p4d', passed: 36, skips: [] },
  { rack: 'p5', passed: 36, skips: [] },
  { rack: 'shared-root8', passed: 38, skips: [] },
]

const model = (rack: string): Record<string, string> => ({
  CLAIMCHECK_RUNTIME: 'model',
  CLAIMCHECK_RACK: rack,
})

test.for(shapes)('$rack: $passed tests pass, the others are skipped with the reason', async (shape) => {
  const run = await runSuite('suites/numa', model(`${FIELD}/${shape.rack}.rack.yaml`))
  const tests = run.report?.tests ?? []
  const not = tests.filter((one) => !isExpected(one))
  expect(not, run.output).toEqual([])
  const reasons = tests.flatMap(({ skipReason = [] }) => skipReason)
  expect([...new Set(reasons.map((reason) => reason.replace(/^[a-z ]+: /, '')))].sort()).toEqual(
    shape.skips.toSorted(),
  )
  expect(tests.filter(({ verdict }) => verdict === 'passed').length).toBe(shape.passed)
  const whole = tests.every(({ verdict }) => verdict === 'passed')
  expect(run.exitCode).toBe(whole ? 0 : 1)
})

test.for(shapes)('$rack: plan names what the run skips, and does not fail', async ({ rack, skips }) => {
  const { exitCode, stdout, stderr } = await claimcheck(
    ['plan', 'suites/numa'],
    model(`${FIELD}/${rack}.rack.yaml`),
  )
  expect(exitCode, stderr).toBe(0)
  for (const reason of skips.filter((one) => one.startsWith('SKU') && !one.endsWith('has no GPU')))
    expect(stdout).toContain(reason)
  expect(stdout).not.toContain('TOO FEW')
})

test.for(globSync('fixtures/racks/*.yaml', { cwd: PROJECT }).sort())(
  '%s of the SKU library passes',
  async (rack) => {
    const run = await runSuite('suites/numa', model(rack))
    const verdicts = (run.report?.tests ?? []).map(({ verdict }) => verdict)
    expect(
      (run.report?.tests ?? []).filter((one) => !isExpected(one)),
      run.output,
    ).toEqual([])
    expect(verdicts).toContain('passed')
    const isGreen = !verdicts.includes('inconclusive') && run.report?.problems.length === 0
    expect(run.exitCode).toBe(isGreen ? 0 : 1)
  },
)
