/** A certificate that was altered without inventing a sample, and sealed again, is refuted by the name of what was altered. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { AllocatedClaim, AllocatedGpu } from '../../harness/claim/allocated-claim.ts'
import type { Certificate, CertifiedExpectation } from '../../harness/certificate/certificate.ts'
import { outcomesIn, type Rounds } from '../../harness/certificate/evidence-schema.ts'
import { readCertificate } from '../../harness/certificate/read-certificate.ts'
import { verifyCertificate } from '../../harness/certificate/verify-certificate.ts'
import type { Coverage } from '../../harness/report/coverage.ts'
import { fileOf, forged, genuineRun } from './genuine.ts'

const KV = 'suites/numa/kv-transfer.test.ts'
let genuine: Certificate

beforeAll(async () => {
  genuine = (await genuineRun()).certificate
})

async function faultsOf(certificate: Certificate): Promise<readonly string[]> {
  const verified = await verifyCertificate(readCertificate(fileOf(certificate)))
  return verified.flatMap(({ statement, differences }) =>
    differences.map((difference) => `${statement}: ${difference}`),
  )
}

const expectationsIn = (copy: Certificate): readonly CertifiedExpectation[] =>
  copy.tests.flatMap(({ expectations }) => expectations)
const testIn = (copy: Certificate, name: RegExp): Certificate['tests'][number] => {
  const found = copy.tests.find((one) => name.test(one.name))
  if (found === undefined) throw new Error(`no test ${name}`)
  return found
}
const roundsIn = (copy: Certificate): Rounds => {
  const rounds = copy.evidence[KV]?.['kv-1gib']
  if (rounds?.kind !== 'rounds') throw new Error('no rounds')
  return rounds
}
const everyOutcomeIn = (copy: Certificate) =>
  roundsIn(copy).rounds.flatMap((round) => Object.values(outcomesIn(round)))

/** The first claim of the first round. */
const claimIn = (copy: Certificate): AllocatedClaim => {
  const [first] = everyOutcomeIn(copy)
  if (first === undefined) throw new Error('no outcome')
  return first.initiator.allocated
}
const editGpu = (copy: Certificate, edit: (gpu: AllocatedGpu) => AllocatedGpu): void => {
  const { gpus } = claimIn(copy)
  Object.assign(gpus, gpus.slice(0, 1).map(edit))
}
const editCoverage = (copy: Certificate, edit: (coverage: Coverage) => Coverage): void => {
  if (copy.coverage !== undefined) copy.coverage = edit(copy.coverage)
}
const publishedIn = (copy: Certificate) => {
  const published = copy.evidence['suites/numa/topology.test.ts']?.['published']
  if (published?.kind !== 'published') throw new Error('no slices')
  return published
}

/** Presents the run as one of hardware. */
function relabel(copy: Certificate, target: string): void {
  copy.target = target
  delete copy.emulation
  if (copy.inputs !== undefined) delete copy.inputs.rack
  for (const expectation of expectationsIn(copy)) expectation.emulated = false
}

/** Keeps the tests of one file, as a run of that file alone has them. */
function keepOnly(copy: Certificate, file: string): void {
  copy.tests = copy.tests.filter((one) => one.file === file)
  copy.evidence = Object.fromEntries(Object.entries(copy.evidence).filter(([name]) => name === file))
  copy.fingerprint.libraries = {}
}

describe('An altered certificate is refuted', () => {
  test.for<[string, (copy: Certificate) => void, RegExp]>([
    [
      'limits relaxed to -99 % and +900 %',
      (copy) => {
        for (const { basis } of expectationsIn(copy))
          if (basis.ask.kind === 'within') {
            for (const figure of Object.values(basis.ask.reference))
              figure.bounds = { lower: -0.99, upper: 9 }
          }
      },
      /the limit of aligned bandwidth is relaxed: the SKU profile states 34.38 GB\/s to 43.76 GB\/s, found 0.3907 GB\/s to 390.7 GB\/s/,
    ],
    [
      'a limit relaxed by a hair',
      (copy) => {
        for (const { basis } of expectationsIn(copy))
          if (basis.ask.kind === 'within')
            Object.assign(basis.ask.reference.latency?.bounds ?? {}, { upper: 0.14 + 1e-6 })
      },
      /the limit of unaligned mean latency is relaxed/,
    ],
    [
      'a relaxed bound of stability',
      (copy) => {
        for (const { basis } of expectationsIn(copy))
          if (basis.ask.kind === 'stable') basis.ask.p99OverP50 = 15
      },
      /the limit of aligned p99 \/ p50 latency is relaxed: the SKU profile states at most 1.5, found at most 15/,
    ],
    [
      'a test labelled as skipped with its expectations kept',
      (copy) => void (testIn(copy, /1.3x/).verdict = 'skipped'),
      /it is labelled as skipped, but has 1 expectations, which give passed/,
    ],
    [
      'a waiver until 2001 marked as in force',
      (copy) => {
        const [first] = expectationsIn(copy)
        if (first !== undefined)
          first.waiver = {
            reason: 'known',
            until: '2001-01-01',
            expired: false,
            at: 'waivers.yaml, waivers[0]',
          }
      },
      /expired on 2001-01-01, but is marked as in force/,
    ],
    [
      'a waiver of a run without waivers file',
      (copy) => {
        const [first] = expectationsIn(copy)
        if (first !== undefined)
          first.waiver = {
            reason: 'known',
            until: '2999-01-01',
            expired: false,
            at: 'waivers.yaml, waivers[0]',
          }
      },
      /an expectation has a waiver, but the run read no waivers file/,
    ],
    [
      'a waiver that ends on no date',
      (copy) => {
        const [first] = expectationsIn(copy)
        if (first !== undefined)
          first.waiver = { reason: 'known', until: 'never', expired: false, at: 'waivers.yaml, waivers[0]' }
      },
      /ends on no date: never/,
    ],
    [
      'a warned test without a tier',
      (copy) => void (testIn(copy, /1.3x/).verdict = 'warned'),
      /the test as a whole: its expectations give passed/,
    ],
    [
      'one expectation of a test moved to the warn tier',
      (copy) => {
        for (const one of testIn(copy, /both arms/).expectations.slice(1)) one.tier = 'warn'
      },
      /some of its expectations are in the warn tier, and some are not/,
    ],
    [
      'an expectation cut out of its test',
      (copy) => void testIn(copy, /both arms/).expectations.splice(1, 1),
      /expectation 2 is missing/,
    ],
    [
      'an expectation cut out of its test, and the others numbered again',
      (copy) => {
        const { expectations } = testIn(copy, /both arms/)
        expectations.splice(1, 1)
        expectations.forEach((one, index) => (one.id = String(index + 1)))
      },
      /it lacks the expectation "aligned mean latency lies within the SKU's bounds"/,
    ],
    [
      'all tests of a comparison dropped',
      (copy) =>
        void (copy.tests = copy.tests.filter(
          ({ expectations }) => !expectations.some(({ basis }) => basis.on === 'kv-4gib'),
        )),
      /no expectation uses the evidence "kv-4gib"/,
    ],
    [
      'more rounds than any look used',
      (copy) => {
        const { rounds } = roundsIn(copy)
        const last = rounds.at(-1)
        if (last !== undefined)
          rounds.push(Object.assign(structuredClone(last), { round: rounds.length + 1 }))
      },
      /"kv-1gib" of .* has 4 rounds, but its expectations used 3/,
    ],
    [
      'another number of rounds before the first look',
      (copy) => void (roundsIn(copy).plan.firstRounds = 2),
      /comparisons of one run differ in the rounds before the first look: 2, 3/,
    ],
    [
      'samples of the run that contradict those of its streams',
      (copy) => {
        for (const { result } of everyOutcomeIn(copy))
          for (const one of result.streams) {
            one.samples_seconds = one.samples_seconds.map((sample) => sample / 2)
            one.avg_seconds /= 2
            one.p50_seconds /= 2
          }
      },
      /does not match the planned transfer: expected sample 1 to be that of its slowest stream/,
    ],
    [
      'more bytes than were transferred',
      (copy) => everyOutcomeIn(copy).forEach(({ result }) => (result.moved_bytes *= 2)),
      /does not match the planned transfer: expected transfers in moved_bytes: 29, found 58/,
    ],
    [
      'one host at both ends',
      (copy) => everyOutcomeIn(copy).forEach(({ result }) => (result.target_hostname = result.hostname)),
      /does not match the planned transfer: expected two hosts: true, found false/,
    ],
    [
      'a finish before the start',
      (copy) => void (copy.finishedAt = '2020-01-01T00:00:00.000Z'),
      /the run as a whole: it finished at 2020-01-01T00:00:00.000Z, before it started/,
    ],
    [
      'a node that the fingerprint lacks',
      (copy) => void delete copy.fingerprint.nodes['node-b'],
      /fingerprint.nodes does not contain node-b, which took part/,
    ],
    [
      'the serial numbers of other machines',
      (copy) => {
        const nic = copy.fingerprint.nodes['node-a']?.['dra.net']
        if (nic !== undefined) nic.serials = '0'.repeat(64)
      },
      /fingerprint.nodes.node-a.dra.net.serials is/,
    ],
    [
      'its coverage cut out',
      (copy) => void delete copy.coverage,
      /the run as a whole: it names the files that it read, but not what it covers/,
    ],
    [
      'more transfers than were measured',
      (copy) => editCoverage(copy, ({ transfers, ...rest }) => ({ ...rest, transfers: transfers + 1 })),
      /coverage.transfers is \d+, the samples give \d+/,
    ],
    [
      'a node cut out of its coverage',
      (copy) =>
        editCoverage(copy, ({ nodes, ...rest }) => ({
          ...rest,
          nodes: { ...nodes, covered: nodes.covered.filter((node) => node !== 'node-b') },
        })),
      /coverage.nodes omits node-b/,
    ],
    [
      'a NIC that is said to be covered',
      (copy) =>
        editCoverage(copy, ({ nics, ...rest }) => ({
          ...rest,
          nics: { ...nics, covered: [...nics.covered, 'node-c/mlx5_0'] },
        })),
      /coverage.nics.16 is "node-c\/mlx5_0", the samples give absent/,
    ],
    [
      'a kind of transfers that is named twice',
      (copy) => editCoverage(copy, ({ kinds, ...rest }) => ({ ...rest, kinds: [...kinds, ...kinds] })),
      /coverage.kinds/,
    ],
    [
      'the driver version of other machines',
      (copy) => {
        const gpus = copy.fingerprint.nodes['node-a']?.['gpu.nvidia.com']
        if (gpus !== undefined) gpus.attributes['driverVersion'] = ['1.0.0']
      },
      /fingerprint.nodes.node-a.gpu.nvidia.com.attributes.driverVersion/,
    ],
    [
      'a node that published nothing',
      (copy) => void publishedIn(copy).nodes.push('node-c'),
      /fingerprint.nodes does not contain node-c, which took part/,
    ],
    [
      'a claim whose GPU is at another address',
      (copy) => editGpu(copy, (gpu) => ({ ...gpu, pciAddress: '0077:00:00.0' })),
      /device gpu.nvidia.com\/node-b\/gpu-0 has two values of pciAddress: "0001:00:00.0" and "0077:00:00.0"/,
    ],
    [
      'a claim whose GPU has another name',
      (copy) => editGpu(copy, (gpu) => ({ ...gpu, name: 'gpu-77' })),
      /the GPU at node-b, 0001:00:00.0 has two names: device gpu.nvidia.com\/node-b\/gpu-0 and .*gpu-77/,
    ],
    [
      'a claim whose GPU is on another node',
      (copy) => editGpu(copy, (gpu) => ({ ...gpu, node: 'node-a' })),
      /claim .* on node-b has device gpu.nvidia.com\/node-b\/gpu-0 of node-a/,
    ],
    [
      'a claim that has a NIC twice',
      (copy) => {
        const { nics } = claimIn(copy)
        Object.assign(nics, { 1: nics[0] })
      },
      /claim .* has device dra.net\/node-b\/\S+ more than once/,
    ],
    [
      'one node that counts as two',
      (copy) => {
        for (const one of Object.values(copy.evidence['suites/numa/claimed-devices.test.ts'] ?? {}))
          if (one.kind === 'pods') one.claims = [...(one.claims ?? []), ...(one.claims ?? [])]
      },
      /a set of pods has more than one claim on node-a/,
    ],
    [
      'another comparison in the place of one',
      (copy) => void (roundsIn(copy).plan.name = 'kv-8gib'),
      /the evidence "kv-1gib" of .* is of another comparison, "kv-8gib"/,
    ],
    [
      'an arm renamed in the plan',
      (copy) => {
        const { plan } = roundsIn(copy)
        if (!('turn' in plan))
          plan.arms = { aligned: plan.arms['aligned'], other: plan.arms['unaligned'] } as never
      },
      /expected the arms aligned, other in round 1, found aligned, unaligned/,
    ],
    [
      'the arms swapped',
      (copy) => {
        for (const round of roundsIn(copy).rounds)
          Object.assign(round, { aligned: round['unaligned'], unaligned: round['aligned'] })
      },
      /does not have 4 GPUs of NUMA node 0 and 4 NICs of NUMA node 0/,
    ],
    [
      'the results of the arms swapped',
      (copy) => {
        for (const { aligned, unaligned } of roundsIn(copy).rounds as never as Record<
          string,
          { result: unknown }
        >[]) {
          if (aligned === undefined || unaligned === undefined) throw new Error('no arms')
          ;[aligned.result, unaligned.result] = [unaligned.result, aligned.result]
        }
      },
      /1.3x unaligned: verdict is "passed", the samples give "(failed|inconclusive)"/,
    ],
    [
      'a limit that the profile is said not to state',
      (copy) => {
        for (const { basis } of expectationsIn(copy))
          if (basis.ask.kind === 'within' && basis.ask.arm === 'aligned')
            basis.ask = {
              kind: 'unstated',
              arm: 'aligned',
              why: 'SKU h100x8 states no reference for aligned, WRITE of 1 GiB',
            }
      },
      /the SKU profile states a reference for aligned, but it says: SKU h100x8 states no reference/,
    ],
    [
      'emulation taken away',
      (copy) => void delete copy.emulation,
      /target is emulated, but no emulation is recorded/,
    ],
    [
      'the target alone renamed',
      (copy) => void (copy.target = 'cluster'),
      /target is cluster, but emulation on rack/,
    ],
    [
      'an emulated run relabelled as a cluster',
      (copy) => relabel(copy, 'cluster'),
      /the target is cluster, but the run was EMULATED: backend "model"|EMULATED: "/,
    ],
    [
      'an emulated topology suite relabelled as a cluster',
      (copy) => {
        keepOnly(copy, 'suites/numa/topology.test.ts')
        relabel(copy, 'cluster')
      },
      /the target is cluster, but the run was EMULATED: "02:00:0a:4d:/,
    ],
    [
      'emulated pods relabelled as a host, without what their drivers published',
      (copy) => {
        keepOnly(copy, 'suites/numa/claimed-devices.test.ts')
        relabel(copy, 'host')
      },
      /the target is host, but the run was EMULATED: the serial numbers of node-a\/gpu.nvidia.com/,
    ],
  ])('with %s', async ([, edit, told]) => {
    expect(await faultsOf(forged(genuine, edit))).toContainEqual(expect.stringMatching(told))
  })

  test('but stricter limits than those of the profile are confirmed', async () => {
    const copy = forged(genuine, (one) => {
      for (const { basis } of expectationsIn(one)) if (basis.ask.kind === 'stable') basis.ask.p99OverP50 = 1.4
    })
    expect(await faultsOf(copy)).not.toContainEqual(expect.stringMatching(/relaxed/))
  })
})

test('a certificate names the files that its limits come from, with their digests', () => {
  expect(genuine.inputs).toMatchObject({
    suites: expect.arrayContaining([{ path: KV, digest: expect.stringMatching(/^sha256:/) }]),
    sku: { path: 'fixtures/skus/h100x8.yaml' },
    rack: { path: expect.stringMatching(/^rack-\d+\.yaml$/) },
  })
})

describe('A certificate of claimcheck 0.1.0, of one H200', () => {
  const path = new URL('../../docs/data/certificate-h200x1.json', import.meta.url).pathname

  test('is still confirmed', async () => {
    const certificate = readCertificate(path)
    expect(certificate.inputs).toBeUndefined()
    expect(await faultsOf(certificate)).toEqual([])
  })

  test.for<[string, (ask: CertifiedExpectation['basis']['ask']) => void, RegExp]>([
    [
      'of its memory',
      (ask) => {
        if (ask.kind === 'within') Object.assign(ask.reference.bandwidth?.bounds ?? {}, { lower: -0.99 })
      },
      /the limit of linked bandwidth is relaxed/,
    ],
    [
      'of its ratio to transfers through host memory',
      (ask) => {
        if (ask.kind === 'outperform') ask.by = 1.1
      },
      /the limit of linked over staged bandwidth is relaxed: the SKU profile states at least 20x, found at least 1.1x/,
    ],
    [
      'of its stability',
      (ask) => {
        if (ask.kind === 'stable') ask.p99OverP50 = 3
      },
      /the limit of linked p99 \/ p50 latency is relaxed/,
    ],
  ])('is refuted with a relaxed limit %s', async ([, edit, told]) => {
    const copy = forged(readCertificate(path), (one) => {
      for (const { basis } of expectationsIn(one)) edit(basis.ask)
    })
    expect(await faultsOf(copy)).toContainEqual(expect.stringMatching(told))
  })

  test.for([
    [
      '2027-11-23',
      /by the clock of \S+ a transfer was made at 2026-11-23T\S+, more than a day before or after the run from 2027/,
    ],
    ['2026-11-25', /a transfer was made at 2026-11-23/],
  ] as const)('is refuted as one of %s', async ([day, told]) => {
    const copy = forged(readCertificate(path), (one) => {
      one.startedAt = `${day}T16:09:36.774Z`
      one.finishedAt = `${day}T16:11:08.322Z`
    })
    expect(await faultsOf(copy)).toContainEqual(expect.stringMatching(told))
  })
})
