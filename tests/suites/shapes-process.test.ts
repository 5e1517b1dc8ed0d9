/**
 * Shapes that differ most from the H100 example, with real processes: the verdicts are those of the model runtime. With SHAPES=all
 * every other shape of the SKU library too, which takes some minutes.
 */
import { expect, test } from 'vitest'
import { retryWhenNoisy } from '../support/retry-when-noisy.ts'
import { runSuite, verdictsOf } from '../support/run-suite.ts'

/** Tests whose transfers take too long for processes. */
const TOO_LONG = /^A KV cache of 4 GiB/

const DIFFERENT = ['p5', 'gb300', 'erdma', 'dgx-a100-nps4']
/** `p4d` runs on real Kubernetes, in shapes.lab.test.ts. */
const OTHER = ['p4d', 'a3-ultra', 'b200x8', 'dgx-h100', 'gb200', 'h200x8', 'l40s-2-4-3', 'mi300x']

test.for(process.env['SHAPES'] === 'all' ? [...DIFFERENT, ...OTHER] : DIFFERENT)(
  '%s: one verdict in both runtimes',
  retryWhenNoisy(2),
  async (sku) => {
    const rack = `fixtures/racks/${sku}-2node.yaml`
    const real = await runSuite('suites/numa', { CLAIMCHECK_RUNTIME: 'process', CLAIMCHECK_RACK: rack })
    const model = await runSuite('suites/numa', { CLAIMCHECK_RUNTIME: 'model', CLAIMCHECK_RACK: rack })
    const comparable = (run: typeof real): Record<string, string> =>
      Object.fromEntries(Object.entries(verdictsOf(run.report)).filter(([name]) => !TOO_LONG.test(name)))
    expect(comparable(real), real.output).toEqual(comparable(model))
    expect(Object.values(comparable(real))).toContain('passed')
    expect(real.exitCode).toBe(model.exitCode)
  },
)
