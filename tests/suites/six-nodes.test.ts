/** On a rack of six nodes every node is measured with two others, and a bad NIC of any node fails and is named. */
import { expect, test } from 'vitest'
import { issueCertificate } from '../../harness/certificate/issue-certificate.ts'
import { verifyCertificate } from '../../harness/certificate/verify-certificate.ts'
import { rackFile } from '../support/rack-file.ts'
import { runSuite } from '../support/run-suite.ts'

const sixNodes = (text: string): string =>
  text.replace('nodes: [node-a, node-b]', 'nodes: [node-a, node-b, node-c, node-d, node-e, node-f]')

test('a NIC at half rate on the fifth node fails, and node and NIC are named', async () => {
  const run = await runSuite('suites/numa', {
    CLAIMCHECK_RUNTIME: 'model',
    CLAIMCHECK_RACK: rackFile({
      edit: sixNodes,
      faults: ['{ kind: nic-slow, node: node-e, nic: mlx5_1, fraction: 0.5 }'],
    }),
  })
  expect(run.exitCode, run.output).toBe(1)
  const failed = (run.report?.tests ?? []).flatMap(({ expectations }) =>
    expectations.filter(({ verdict }) => verdict === 'failed'),
  )
  expect(new Set(failed.map(({ nodes }) => nodes?.join(' and ')))).toEqual(
    new Set(['node-d and node-e', 'node-e and node-f']),
  )
  expect(run.report?.notes).toEqual([
    'Look at node-e/mlx5_1 first: all pairs of node-e failed (node-d and node-e, node-e and node-f); node-d and node-f passed with other nodes.',
  ])
  expect(run.output).toContain('Look at node-e/mlx5_1 first')
  expect(run.junit).toContain('node-e/mlx5_1')
  expect(run.junit).toContain('name="node-e and node-f: arm.aligned.bandwidth.GBps"')
  expect(run.output).toContain('covers 6 of 6 nodes, 48 of 48 GPUs, 48 of 48 NICs, 96 GPU-NIC paths')
  expect(run.junit).toContain('name="coverage.nics" value="48 of 48"')
  if (run.report === undefined) throw new Error('the run wrote no results.json')
  const issued = issueCertificate(run.report)
  if ('refused' in issued) throw new Error(issued.refused)
  const verified = await verifyCertificate(issued.certificate)
  expect(verified.filter(({ differences }) => differences.length > 0)).toEqual([])
})

test('without faults every node sends and receives in every arm', async () => {
  const run = await runSuite('suites/numa/kv-transfer.test.ts', {
    CLAIMCHECK_RUNTIME: 'model',
    CLAIMCHECK_RACK: rackFile({ edit: sixNodes }),
  })
  expect(run.exitCode, run.output).toBe(0)
  const senders = new Map<string, Set<string>>()
  const evidence = Object.values(run.report?.files['suites/numa/kv-transfer.test.ts']?.evidence ?? {})
  for (const { rounds } of evidence as Measured[])
    for (const { aligned, unaligned } of rounds)
      for (const { arm, outcome } of [aligned, unaligned])
        senders.set(arm, (senders.get(arm) ?? new Set()).add(outcome.initiator.node))
  const all = new Set(['node-a', 'node-b', 'node-c', 'node-d', 'node-e', 'node-f'])
  expect(senders).toEqual(
    new Map([
      ['aligned', all],
      ['unaligned', all],
    ]),
  )
})

interface MeasuredArm {
  readonly arm: string
  readonly outcome: { readonly initiator: { readonly node: string } }
}
interface Measured {
  readonly rounds: readonly { readonly aligned: MeasuredArm; readonly unaligned: MeasuredArm }[]
}
