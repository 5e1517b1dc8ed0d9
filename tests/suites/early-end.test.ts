/** A comparison whose figures cannot be judged any more is not measured on, and its certificate is confirmed. */
import { expect, test } from 'vitest'
import { issueCertificate } from '../../harness/certificate/issue-certificate.ts'
import { verifyCertificate } from '../../harness/certificate/verify-certificate.ts'
import { rackFile } from '../support/rack-file.ts'
import { runSuite } from '../support/run-suite.ts'

const measure = (fault: string) =>
  runSuite('suites/numa/kv-transfer.test.ts', {
    CLAIMCHECK_RUNTIME: 'model',
    CLAIMCHECK_ROUNDS: '5',
    CLAIMCHECK_RACK: rackFile({ faults: [fault] }),
  })

type Run = Awaited<ReturnType<typeof measure>>

const roundsOf = ({ report }: Run): readonly number[] =>
  Object.values(report?.files['suites/numa/kv-transfer.test.ts']?.evidence ?? {}).map(
    (one) => (one as { readonly rounds: readonly unknown[] }).rounds.length,
  )

const codesOf = ({ report }: Run): ReadonlySet<string> =>
  new Set((report?.tests ?? []).flatMap(({ expectations }) => expectations.flatMap(({ code }) => code ?? [])))

const reasonsOf = ({ report }: Run): string =>
  (report?.tests ?? [])
    .flatMap(({ expectations }) => expectations.flatMap(({ reasons }) => reasons))
    .join('\n')

async function differencesIn({ report }: Run): Promise<readonly unknown[]> {
  if (report === undefined) throw new Error('the run wrote no results.json')
  const issued = issueCertificate(report)
  if ('refused' in issued) throw new Error(issued.refused)
  const verified = await verifyCertificate(issued.certificate)
  return verified.filter(({ differences }) => differences.length > 0)
}

test.for(['node-a', 'node-b'])(
  'after a fallback to TCP of %s, one round in each direction is measured instead of five rounds',
  async (node) => {
    const run = await measure(`{ kind: tcp-fallback, node: ${node} }`)
    expect(run.exitCode, run.output).toBe(1)
    expect(roundsOf(run)).toEqual([2, 2, 2, 2])
    expect(codesOf(run)).toEqual(new Set(['TRANSPORT_FALLBACK']))
    const round = node === 'node-a' ? 2 : 1
    expect(reasonsOf(run)).toContain(`${node}/eth0, which is not claimed (aligned, round ${round})`)
    expect(run.report?.coverage?.leftOut).toContainEqual({
      what: 'further rounds of 4 comparisons',
      why: 'the claimed NICs did not carry all bytes in their shares, so no figure could be judged any more',
    })
    expect(await differencesIn(run)).toEqual([])
  },
)

test('after changed bytes all rounds are measured, since figures can still be judged', async () => {
  const run = await measure('{ kind: corrupt, node: node-a, nic: mlx5_2, everyBytes: 64 MiB }')
  expect(run.exitCode, run.output).toBe(1)
  expect(Math.min(...roundsOf(run))).toBe(5)
  expect(codesOf(run)).toEqual(new Set(['DATA_CORRUPT']))
  expect(await differencesIn(run)).toEqual([])
})
