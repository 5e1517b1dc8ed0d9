/** Every verdict of a real run is confirmed, whatever the rack, and no forged one is, even with valid digests. */
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Certificate, CertifiedExpectation } from '../../harness/certificate/certificate.ts'
import type { Rounds } from '../../harness/certificate/evidence-schema.ts'
import { formatCertificateSchema } from '../../harness/certificate/certificate.ts'
import { readCertificate } from '../../harness/certificate/read-certificate.ts'
import { verifyCertificate } from '../../harness/certificate/verify-certificate.ts'
import { fileOf, forged, genuineRun } from './genuine.ts'

const KV = 'suites/numa/kv-transfer.test.ts'

async function faultsOf(certificate: Certificate): Promise<readonly string[]> {
  const verified = await verifyCertificate(readCertificate(fileOf(certificate)))
  return verified.flatMap(({ statement, differences }) =>
    differences.map((difference) => `${statement}: ${difference}`),
  )
}

describe('Every verdict of a run is confirmed', () => {
  test.for([
    ['', 'passed'],
    ['seed: 7', 'passed'],
    ['faults: [{ kind: nic-slow, node: node-a, nic: mlx5_1, fraction: 0.5 }]', 'failed'],
    ['faults: [{ kind: device-leak, node: node-b, nic: mlx5_6 }]', 'failed'],
    ['faults: [{ kind: numa-misreport, node: node-a, nic: mlx5_4, numaNode: 0 }]', 'failed'],
    ['faults: [{ kind: tcp-fallback, node: node-b }]', 'failed'],
    ['faults: [{ kind: corrupt, node: node-a, nic: mlx5_2, everyBytes: 64 MiB }]', 'failed'],
    ['faults: [{ kind: link-cut, node: node-a, nic: mlx5_3, afterBytes: 3 GiB }]', 'failed'],
  ] as const)('with "%s" in the rack', async ([rack, verdict]) => {
    const { certificate, output } = await genuineRun({ rack })
    expect(certificate.verdict).toBe(verdict)
    expect(output).toContain(`certificate.json, ${verdict}, ${certificate.digest}`)
    expect(await faultsOf(certificate)).toEqual([])
  })

  test('after several looks', async () => {
    // So much jitter that the first look leaves some expectations undecided.
    const { certificate } = await genuineRun({
      rack: 'faults: [{ kind: nic-slow, node: node-a, nic: mlx5_1, fraction: 0.921 }]',
    })
    const seen = certificate.tests.flatMap(({ expectations }) =>
      expectations.flatMap(({ basis }) => basis.seen),
    )
    expect(Math.max(...seen)).toBeGreaterThan(3)
    expect(await faultsOf(certificate)).toEqual([])
  })
})

describe('A forgery with valid digests is refuted', () => {
  let green: Certificate
  let red: Certificate
  beforeAll(async () => {
    green = (await genuineRun()).certificate
    red = (
      await genuineRun({ rack: 'faults: [{ kind: nic-slow, node: node-a, nic: mlx5_1, fraction: 0.5 }]' })
    ).certificate
  })

  const expectationIn = (copy: Certificate, statement: string): CertifiedExpectation => {
    const found = copy.tests
      .flatMap(({ expectations }) => expectations)
      .find((one) => one.statement.includes(statement))
    if (found === undefined) throw new Error(`no expectation ${statement}`)
    return found
  }
  const roundsIn = (copy: Certificate): Rounds => {
    const rounds = copy.evidence[KV]?.['kv-1gib']
    if (rounds?.kind !== 'rounds') throw new Error('no rounds')
    return rounds
  }
  const resultIn = (copy: Certificate) => {
    const first = roundsIn(copy).rounds[0]
    if (first?.aligned === undefined) throw new Error('no round')
    return first.aligned.result
  }

  test('that turns every failure into a pass', async () => {
    const copy = forged(red, (one) => {
      one.verdict = 'passed'
      for (const made of one.tests) {
        made.verdict = 'passed'
        for (const expectation of made.expectations) {
          expectation.verdict = 'passed'
          delete expectation.code
          expectation.reasons = []
        }
      }
    })
    expect(await faultsOf(copy)).toContainEqual(
      expect.stringMatching(/1.3x unaligned: verdict is "passed", the samples give "failed"/),
    )
  })

  test.for<[string, (copy: Certificate) => void, RegExp]>([
    [
      'a lower limit than was asked',
      (copy) => {
        const { basis } = expectationIn(copy, '1.3x')
        if (basis.ask.kind === 'outperform') basis.ask.by = 1.1
      },
      /statement is ".* 1.3x .*", the samples give ".* 1.1x /,
    ],
    [
      'a statement that says more than was asked',
      (copy) => void (expectationIn(copy, '1.3x').statement = 'aligned bandwidth is at least 1.5x unaligned'),
      /1.5x unaligned: statement is /,
    ],
    [
      'a rosier interval',
      (copy) => {
        const { interval } = expectationIn(copy, '1.3x')
        if (interval !== undefined) interval.low += 0.001
      },
      /interval.low is /,
    ],
    [
      'a figure',
      (copy) => void (expectationIn(copy, '1.3x').properties['ratio'] = 2),
      /properties.ratio is 2/,
    ],
    [
      'a verdict turned by .not',
      (copy) => void (expectationIn(copy, '1.3x').basis.not = true),
      /verdict is "passed", the samples give "failed"/,
    ],
    [
      'a part that the assertion does not have',
      (copy) => void (expectationIn(copy, '1.3x').basis.part = 1),
      /the samples give absent/,
    ],
    [
      'other evidence',
      (copy) => void (expectationIn(copy, '1.3x').basis.on = 'kv-4gib'),
      /properties.arm.aligned.bandwidth.GBps is/,
    ],
    [
      'no evidence',
      (copy) => void (expectationIn(copy, '1.3x').basis.on = 'kv-5gib'),
      /kv-5gib cannot be recomputed: expected evidence of .*, found none/,
    ],
    [
      'more looks than there are rounds',
      (copy) => void (expectationIn(copy, '1.3x').basis.seen = [0, 4]),
      /does not contain the samples that the verdict depends on: expected 4 rounds, found 3/,
    ],
    [
      'a look more than was needed',
      (copy) => void (expectationIn(copy, '1.3x').basis.seen = [0, 3, 3]),
      /the looks at kv-1gib are more than the verdict depends on/,
    ],
    [
      'a look less',
      (copy) => void (expectationIn(copy, '1.3x').basis.seen = [0]),
      /expected 3 rounds, found no further look/,
    ],
    [
      'a missing round',
      (copy) => void roundsIn(copy).rounds.pop(),
      /does not contain the samples that the verdict depends on: expected 3 rounds, found 2/,
    ],
    [
      'a round cut out of the middle',
      (copy) => void roundsIn(copy).rounds.splice(1, 1),
      /expected round 2, found round 3/,
    ],
    ['missing samples', (copy) => void resultIn(copy).samples_seconds.pop(), /aligned, round 1 .*samples/],
    [
      'a faster sample',
      (copy) => void (resultIn(copy).samples_seconds[0] = 0.001),
      /avg_seconds is .*, but the samples' mean is/,
    ],
    [
      'a NIC that carried less',
      (copy) => {
        const nic = resultIn(copy).nics.find(({ role }) => role === 'claimed')
        if (nic !== undefined) nic.tx_bytes_after = nic.tx_bytes_before
      },
      /verdict is "passed", the samples give "(failed|inconclusive)"/,
    ],
    [
      'bytes nobody checked',
      (copy) => void (resultIn(copy).verified_bytes = 0),
      /bytes arrive intact: verdict is "passed", the samples give "inconclusive"/,
    ],
    [
      'another size than was moved',
      (copy) => void (roundsIn(copy).plan.size = (2 * roundsIn(copy).plan.size) as never),
      /does not match the planned transfer: expected bytes of a block: /,
    ],
    [
      'a claim of other NICs than the arm stands for',
      (copy) => {
        const [first] = roundsIn(copy).rounds
        if (first?.aligned && first.unaligned) first.aligned.initiator = first.unaligned.initiator
      },
      /does not have 4 GPUs of NUMA node 0 and 4 NICs of NUMA node 0/,
    ],
    [
      'a device that a container saw',
      (copy) => {
        for (const one of Object.values(copy.evidence['suites/numa/claimed-devices.test.ts'] ?? {}))
          if (one.kind === 'pods' && one.seen?.[0] !== undefined && 'visible' in one.seen[0])
            one.seen[0].visible.infiniband.push({ path: '/dev/infiniband/uverbs7', opens: true })
      },
      /lists only the claimed NICs.*: verdict is "passed", the samples give "failed"/,
    ],
    [
      'a container nobody looked into',
      (copy) => {
        for (const one of Object.values(copy.evidence['suites/numa/claimed-devices.test.ts'] ?? {}))
          if (one.kind === 'pods') delete one.seen
      },
      /does not contain what the verdict depends on: expected seen/,
    ],
    [
      'a published NUMA node',
      (copy) => {
        const one = copy.evidence['suites/numa/topology.test.ts']?.['published']
        if (one?.kind !== 'published') return
        const text = JSON.stringify(one.slices).replaceAll('"int":1}', '"int":0}')
        one.slices = JSON.parse(text) as typeof one.slices
      },
      /topology is that of h100x8: verdict is "passed", the samples give "failed"/,
    ],
    [
      'another SKU',
      (copy) => void Object.assign(copy.sku.profile.reference.aligned?.bandwidth ?? {}, { value: 30 }),
      /sku.digest is not the digest of sku.profile/,
    ],
    ['another driver library', (copy) => void (copy.fingerprint.libraries['ucx'] = ['9.9']), /libraries.ucx/],
    ['another outcome of the run', (copy) => void (copy.verdict = 'failed'), /its tests give passed/],
    [
      'a test without expectations',
      (copy) => void (copy.tests[0] !== undefined && (copy.tests[0].expectations = [])),
      /the test as a whole: it has no expectation/,
    ],
  ])('with %s', async ([, edit, told]) => {
    expect(await faultsOf(forged(green, edit))).toContainEqual(expect.stringMatching(told))
  })

  test('but an unchanged copy is confirmed', async () => {
    expect(await faultsOf(forged(green, () => undefined))).toEqual([])
  })
})

test('the published schema is up to date: `npm run schema` writes it', () => {
  const published = readFileSync(new URL('../../docs/certificate.schema.json', import.meta.url), 'utf8')
  expect(JSON.parse(published)).toEqual(JSON.parse(formatCertificateSchema()))
})
