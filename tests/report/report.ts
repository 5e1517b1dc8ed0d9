/** A report that differs from that of a green run in the given fields. */
import { RESULTS_SCHEMA, type RunReport, type TestReport } from '../../harness/report/run-report.ts'

export const expectation = {
  statement: 'aligned bandwidth is at least 1.3x unaligned',
  verdict: 'passed',
  reasons: [],
  measured: '1.421x (0.1953 GB/s against 0.1375 GB/s)',
  limit: 'at least 1.3x',
  interval: { estimate: 1.421, low: 1.352, high: 1.49, level: 0.983, rounds: 3, unit: 'x' },
  properties: {
    'arm.aligned.bandwidth.GBps': 0.1953,
    'arm.unaligned.bandwidth.GBps': 0.1375,
    ratio: 1.421,
    'ratio.ci95.low': 1.352,
    'ratio.ci95.high': 1.49,
    rounds: 3,
  },
  emulated: true,
} as const satisfies TestReport['expectations'][number]

export const passedTest: TestReport = {
  file: 'suites/numa/kv-transfer.test.ts',
  suite: ['A KV cache of 1 GiB, written from node to node by 4 GPUs over 4 NICs'],
  name: 'aligned is faster',
  verdict: 'passed',
  startedAt: '2026-11-23T12:00:01.250Z',
  seconds: 2.5,
  expectations: [expectation],
  problems: [],
}

export const failedTest: TestReport = {
  ...passedTest,
  name: 'aligned is faster',
  verdict: 'failed',
  expectations: [
    {
      ...expectation,
      verdict: 'failed',
      code: 'EXPECTATION_FAILED',
      reasons: ["node-a/mlx5_2 is slow: 0.01 GB/s. Look at both NICs' PCIe link, cable and port counters."],
    },
  ],
}

export const report = (parts: Partial<RunReport> = {}): RunReport => ({
  schema: RESULTS_SCHEMA,
  tool: { name: 'claimcheck', version: '0.1.0' },
  run: 'a-run',
  startedAt: '2026-11-23T12:00:00.123Z',
  finishedAt: '2026-11-23T12:00:12.523Z',
  outcome: 'passed',
  target: 'emulated',
  host: { platform: 'linux', cpus: 2, node: '24.21.0' },
  tests: [passedTest],
  problems: [],
  files: {
    [passedTest.file]: {
      target: 'emulated',
      sku: 'h100x8',
      emulation: { runtime: 'process', scale: 200, rack: 'h100-2node', faults: [] },
      evidence: {},
    },
  },
  ...parts,
})
