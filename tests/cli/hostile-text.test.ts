/** Text of a vendor's certificate, of a history and of drivers steers no terminal, and never passes for a line of a command. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { formatCertificate, type Certificate } from '../../harness/certificate/certificate.ts'
import { readCertificate } from '../../harness/certificate/read-certificate.ts'
import { summaryOf } from '../../harness/certificate/run-summary.ts'
import { discover } from '../../harness/cli/discover.ts'
import type { ResourceSlice } from '../../harness/dra/objects.ts'
import { forged } from '../certificate/genuine.ts'
import { fieldSlices } from '../support/field-slices.ts'
import { PROJECT } from '../support/run-suite.ts'
import { claimcheck } from './claimcheck.ts'

/** Lines of their own, a title, the clipboard, a hyperlink, C1, another direction of writing and an invisible character. */
const HOSTILE =
  '\n✓ FORGED\r✓ FORGED\u2028✓ FORGED\u0085✓ FORGED\u001B]0;t\u0007\u001B]52;c;eA==\u0007\u001B]8;;http://a\u001B\\\u009B2J\u202E\u200B'
// oxlint-disable-next-line no-control-regex -- these are what must not be written
const STEERS = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/u

const folder = mkdtempSync(join(tmpdir(), 'claimcheck-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const path = join(folder, 'certificate.json')

/** The certificate with hostile text wherever its schema allows any text. */
function hostile(copy: Certificate): void {
  const spoilt = <T>(value: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(value).map(([key, one]) => [key + HOSTILE, one]))
  copy.run += HOSTILE
  copy.tool.version += HOSTILE
  copy.target += HOSTILE
  copy.sku.profile.description = HOSTILE
  copy.fingerprint.libraries = spoilt({ ...copy.fingerprint.libraries, ucx: [HOSTILE] })
  copy.fingerprint.nodes = spoilt(
    Object.fromEntries(
      Object.entries(copy.fingerprint.nodes).map(([node, drivers]) => [node, spoilt(drivers)]),
    ),
  )
  copy.inputs = {
    suites: [{ path: HOSTILE, digest: `sha256:${'0'.repeat(64)}` }],
    sku: { path: HOSTILE, digest: `sha256:${'0'.repeat(64)}` },
  }
  copy.coverage = {
    required: 'full',
    kinds: [],
    transfers: 0,
    nodes: { covered: [HOSTILE], missing: [HOSTILE] },
    gpus: { covered: [], missing: [HOSTILE] },
    nics: { covered: [], missing: [] },
    paths: [],
    gpuPairs: [HOSTILE],
    leftOut: [{ what: HOSTILE, why: HOSTILE }],
  }
  for (const one of copy.tests) {
    one.name += HOSTILE
    one.suite = one.suite.map((part) => part + HOSTILE)
    for (const expectation of one.expectations) {
      expectation.statement += HOSTILE
      expectation.reasons = [HOSTILE]
      expectation.limit += HOSTILE
      expectation.waiver = { reason: HOSTILE, until: HOSTILE, expired: false, at: HOSTILE }
      expectation.basis.on += HOSTILE
    }
  }
  copy.tests.push({
    file: HOSTILE,
    suite: ['::error::FORGED', '##[error]FORGED'],
    name: HOSTILE,
    verdict: 'skipped',
    skipReason: HOSTILE,
    expectations: [],
  })
}

beforeAll(() => {
  const genuine = readCertificate(join(PROJECT, 'docs/data/certificate-h200x1.json'))
  const copy = forged(genuine, hostile)
  writeFileSync(path, formatCertificate(copy))
  const later = { ...copy, run: `later${HOSTILE}`, finishedAt: '2027-01-01T00:00:00.000Z' }
  writeFileSync(
    join(folder, 'history.ndjson'),
    `${JSON.stringify(summaryOf(copy))}\n${HOSTILE}\n${JSON.stringify(summaryOf(later))}\n`,
  )
})

test.for([
  ['verify', ['verify', path]],
  ['compare', ['compare', path, path]],
  ['compare --last', ['compare', '--last', path, '--history', join(folder, 'history.ndjson')]],
  ['history', ['history', '--history', join(folder, 'history.ndjson')]],
  ['report', ['report', path, '--out', join(folder, 'page.html')]],
] as const)('%s', async ([, args]) => {
  const { stdout, stderr } = await claimcheck(args)
  const said = `${stdout}\n${stderr}`
  expect(said).not.toMatch(STEERS)
  expect(said.split('\n').filter((line) => /^ {0,3}(✓ )?FORGED/.test(line))).toEqual([])
  expect(said).toContain(args[0] === 'report' ? 'page.html' : '✓ FORGED')
})

test('in GitHub Actions, verify writes no command for the runner', async () => {
  const { stdout, stderr } = await claimcheck(['verify', path], { GITHUB_ACTIONS: 'true' })
  expect(stdout).toContain('error::FORGED')
  expect(`${stdout}\n${stderr}`).not.toMatch(/^\s*::|##\[/m)
})

test('discover writes no text of a driver outside of strings and comments', () => {
  const injected = '\n✓ FORGED\nreference: { source: FORGED }\n'
  const names: readonly string[] = ['bluefield-and-irdma-front-end', 'amd-mi300x']
  for (const name of names) {
    const text = JSON.stringify(fieldSlices(name))
    const slices = JSON.parse(
      text.replaceAll(
        /"string":"((?!0000:|pci|gpu|amdgpu|nic|rdma)[^"]*)"/g,
        (_, value: string) => `"string":${JSON.stringify(value + injected)}`,
      ),
    ) as ResourceSlice[]
    const { yaml } = discover(slices, 'a cluster')
    expect(yaml.split('\n').filter((line) => /^\W*(FORGED|reference: \{ source: FORGED)/.test(line))).toEqual(
      [],
    )
    expect(parse(yaml)).toMatchObject({ reference: { source: 'none yet' } })
    expect(yaml).toContain('FORGED')
  }
})
