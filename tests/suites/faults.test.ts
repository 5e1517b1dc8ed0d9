/** Each fault of a rack is caught by the intended tests only, in both runtimes, and is named in the messages. */
import { describe, expect, test } from 'vitest'
import { rackFile } from '../support/rack-file.ts'
import { runSuite, verdictsOf } from '../support/run-suite.ts'
import { retryWhenNoisy } from '../support/retry-when-noisy.ts'

const kvBy = (node: number): string =>
  `A KV cache of 1 GiB, written from node to node by 4 GPUs of NUMA node ${node} over 4 NICs`
const kv4By = (node: number): string =>
  `A KV cache of 4 GiB, written by 4 GPUs of NUMA node ${node} over 4 NICs`
const pod = (gpusOn: number, nicsOn: number): string =>
  `A pod that claims 4 GPUs of NUMA node ${gpusOn} and 4 NICs of NUMA node ${nicsOn}`
const bandwidth = 'aligned bandwidth is at least 1.3x unaligned'
const latency = 'aligned p50 latency is at least 20 % lower'
const bounds = "both arms lie within the SKU's bounds"
const shares = 'every claimed NIC carries its share, and no other any'
const intact = 'bytes arrive intact'
const even = 'every path is as fast as the others'
const stable = "p99 / p50 latency is within the SKU's bound"
const pairsAt = (distance: string): string => `gets GPUs and NICs of which every pair lies at ${distance}`
const listed = 'lists only the claimed NICs in /dev/infiniband, in every container'
const lacking = 'lacks the devices of unclaimed NICs'
const interfaces = 'has the claimed interfaces and no other'
const metadata = 'describes the allocated devices in its device metadata'
const published =
  'The published topology > every node has the GPUs and NICs of the SKU, on the NUMA nodes of the SKU'
const kernel =
  "The published topology > every device's NUMA node, PCIe root, RDMA and interface are what the kernel of its node says"

const all = (tests: readonly string[], suites: readonly string[], verdict: string): Record<string, string> =>
  Object.fromEntries(suites.flatMap((suite) => tests.map((name) => [`${suite} > ${name}`, verdict])))
/** By the GPUs of NUMA node 0, and over the same NICs by those of node 1. */
const kv = [0, 1].map(kvBy)
const kv4 = [0, 1].map(kv4By)

const cases = [
  {
    fault: '{ kind: nic-slow, node: node-a, nic: mlx5_1, fraction: 0.5 }',
    // The NIC slows the aligned arm of NUMA node 0 and the unaligned arm of NUMA node 1.
    caught: {
      ...all([bandwidth, latency, bounds], [kvBy(0)], 'failed EXPECTATION_FAILED'),
      ...all([bounds], [kvBy(1)], 'failed EXPECTATION_FAILED'),
    },
    modelOnly: {
      ...all([bandwidth, even], [kv4By(0)], 'failed EXPECTATION_FAILED'),
      ...all([even], [kv4By(1)], 'failed EXPECTATION_FAILED'),
    },
    names: 'node-a/mlx5_1',
  },
  {
    fault: '{ kind: device-leak, node: node-b, nic: mlx5_6 }',
    caught: all([listed, lacking], [pod(0, 0), pod(1, 0)], 'failed DEVICE_LEAK'),
    modelOnly: {},
    names: 'node-b/mlx5_6',
  },
  {
    fault: '{ kind: numa-misreport, node: node-a, nic: mlx5_4, numaNode: 0 }',
    caught: {
      [published]: 'failed TOPOLOGY_MISMATCH',
      [kernel]: 'failed TOPOLOGY_MISMATCH',
      ...all([pairsAt('SYS')], [pod(0, 1)], 'inconclusive CLAIM_UNSATISFIABLE'),
      ...all([pairsAt('NODE or nearer')], [pod(1, 1)], 'inconclusive CLAIM_UNSATISFIABLE'),
      ...all(
        [listed, lacking, interfaces, metadata],
        [pod(0, 1), pod(1, 1)],
        'inconclusive CLAIM_UNSATISFIABLE',
      ),
      ...all([bandwidth, latency, bounds, shares, intact, stable], kv, 'inconclusive CLAIM_UNSATISFIABLE'),
    },
    modelOnly: all([bandwidth, even], kv4, 'inconclusive CLAIM_UNSATISFIABLE'),
    names: 'mlx5_4',
  },
  {
    fault: '{ kind: tcp-fallback, node: node-b }',
    caught: {
      ...all([shares], kv, 'failed TRANSPORT_FALLBACK'),
      ...all([bandwidth, latency, bounds, stable], kv, 'inconclusive TRANSPORT_FALLBACK'),
    },
    modelOnly: all([bandwidth, even], kv4, 'inconclusive TRANSPORT_FALLBACK'),
    names: 'node-b/eth0',
  },
  {
    fault: '{ kind: corrupt, node: node-a, nic: mlx5_2, everyBytes: 64 MiB }',
    caught: all([intact], kv, 'failed DATA_CORRUPT'),
    modelOnly: {},
    names: 'node-a/mlx5_2',
  },
  {
    fault: '{ kind: link-cut, node: node-a, nic: mlx5_3, afterBytes: 3 GiB }',
    caught: {
      ...all([shares], kv, 'failed LINK_DOWN'),
      ...all([bandwidth, latency, bounds, intact, stable], kv, 'inconclusive LINK_DOWN'),
    },
    modelOnly: all([bandwidth, even], kv4, 'inconclusive LINK_DOWN'),
    names: 'node-a/mlx5_3',
  },
] as const

// On a busy machine, a figure that the fault does not affect may be TOO_NOISY.
describe.for(['process', 'model'] as const)('In the %s runtime', retryWhenNoisy(1), (runtime) => {
  test.for(cases)('$fault is caught where it should be', async ({ fault, caught, modelOnly, names }) => {
    const run = await runSuite('suites/numa', {
      CLAIMCHECK_RUNTIME: runtime,
      CLAIMCHECK_RACK: rackFile({ faults: [fault] }),
    })
    const verdicts = verdictsOf(run.report)
    const notGreen = Object.fromEntries(
      Object.entries(verdicts).filter(([, verdict]) => !/^(passed|skipped)/.test(verdict)),
    )
    expect(notGreen, run.output).toEqual(runtime === 'model' ? { ...caught, ...modelOnly } : caught)
    expect(run.exitCode).toBe(1)
    expect(run.output).toContain(names)
    expect(run.junit).toContain(names)
  })
})

// CI runs it with processes, by the command of the README.
test('a rack without faults passes everything', async () => {
  const run = await runSuite('suites/numa', { CLAIMCHECK_RUNTIME: 'model', CLAIMCHECK_RACK: rackFile() })
  const verdicts = Object.values(verdictsOf(run.report))
  expect(
    verdicts.filter((verdict) => verdict !== 'passed' && verdict !== 'skipped'),
    run.output,
  ).toEqual([])
  expect(verdicts.filter((verdict) => verdict === 'passed').length).toBeGreaterThanOrEqual(15)
  expect(run.exitCode).toBe(0)
})
