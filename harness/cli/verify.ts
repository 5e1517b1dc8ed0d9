/**
 * `claimcheck verify`: checks who signed a certificate, recomputes every verdict and prints whether it is confirmed. It needs no
 * network and no target.
 */
import { existsSync } from 'node:fs'
import { attestationPath, envelopesIn, requireAttested, signersOf } from '../certificate/attestation.ts'
import { describeVerdict, type Certificate } from '../certificate/certificate.ts'
import { digestOf } from '../certificate/canonical-json.ts'
import { certificateIn } from '../certificate/read-certificate.ts'
import { readPublicKey, type Key } from '../certificate/signing-key.ts'
import { verifyCertificate, type Verified } from '../certificate/verify-certificate.ts'
import { ClaimcheckError } from '../core/errors.ts'
import { readRegularFile } from '../core/input-file.ts'
import { MOST_BYTES, readJsonFile } from '../core/json-file.ts'
import { printableLine, printableLinesIn } from '../core/terminal.ts'
import { describeCoverage, describeLeftOut } from '../report/coverage.ts'
import { loadSku } from '../sku/sku.ts'
import { knownProfiles } from '../sku/known-profiles.ts'

type Say = (line: string) => void

/** What no check of a file can find. */
const LIMITS_OF_VERIFY = [
  'Whoever made a certificate can leave out a test or a whole run, or invent samples that agree with each other.',
  'Limits from the suite are those of the suite file with the digest above. Compare the digests with your own files.',
]

/**
 * `keyPath`: a public key that must have signed the certificate. Rejects with CERTIFICATE_REFUTED when a verdict is not
 * confirmed, CERTIFICATE_UNSIGNED or KEY_INVALID, or with the error of a file that cannot be read.
 */
export async function verifyFile(path: string, keyPath: string | undefined, say: Say): Promise<void> {
  const key = keyPath === undefined ? undefined : readPublicKey(keyPath)
  const file = readJsonFile(path)
  const certificate = certificateIn(file)
  const signature = signatureLine(certificate, file.text, path, key)
  // Its texts are the vendor's, and must not look like lines of this command.
  const shown = printableLinesIn(certificate)
  say(`${path}: ${headOf(shown)}`)
  say(printableLine(signature))
  for (const line of inputLines(shown)) say(line)
  const verified = printableLinesIn(await verifyCertificate(certificate))
  const refuted = verified.filter(({ differences }) => differences.length > 0)
  let last = ''
  for (const one of verified) {
    if (one.test !== last) say(`\n${one.test}`)
    last = one.test
    for (const line of linesOf(one)) say(line)
  }
  for (const { suite, name, skipReason } of shown.tests.filter(({ verdict }) => verdict === 'skipped'))
    say(`\n${[...suite, name].join(' > ')}\n  - skipped: ${skipReason ?? 'no reason given'}`)
  say(`\n${totalsOf(shown)}`)
  for (const line of LIMITS_OF_VERIFY) say(line)
  say(`${verified.length - refuted.length} of ${verified.length} verdicts confirmed`)
  const [first] = refuted
  if (first === undefined) return
  throw new ClaimcheckError('CERTIFICATE_REFUTED', {
    subject: path,
    problem: `is refuted: ${refuted.length} of ${verified.length} recomputed verdicts differ`,
    found: `"${first.statement}" (${first.test}): ${first.differences[0] ?? ''}`,
    hint: versionHint(shown),
  })
}

function headOf(certificate: Certificate): string {
  const { sku, target, emulation, finishedAt, tool } = certificate
  const where =
    emulation === undefined
      ? target
      : `${target} (${emulation.runtime}, rack ${emulation.rack}, 1:${emulation.scale}), EMULATED`
  return `${sku.profile.name} on ${where}, ${finishedAt}, by claimcheck ${tool.version}: ${describeVerdict(certificate)}`
}

/** Throws CERTIFICATE_UNSIGNED unless `key` signed the certificate. */
function signatureLine(certificate: Certificate, text: string, path: string, key: Key | undefined): string {
  const beside = attestationPath(path)
  const envelopes = existsSync(beside)
    ? envelopesIn(readRegularFile(beside, MOST_BYTES).bytes.toString('utf8'), beside)
    : []
  if (key !== undefined) {
    requireAttested({ certificate, text, path }, envelopes, key)
    return `Signed by key ${key.id}`
  }
  return envelopes.length === 0
    ? 'Not signed: nobody vouches for it'
    : `Signature not checked: nobody vouches for it until --key names the public key (${beside}: ${signersOf(envelopes)})`
}

function inputLines(certificate: Certificate): readonly string[] {
  const { sku, inputs, digest } = certificate
  const files = inputs === undefined ? [] : [...inputs.suites, inputs.sku, inputs.rack, inputs.waivers]
  return [
    `Certificate ${digest}`,
    `SKU profile ${sku.profile.name} ${sku.digest}: ${comparedProfile(certificate)}`,
    ...files.flatMap((one) => (one === undefined ? [] : [`Read ${one.path} ${one.digest}`])),
    ...(inputs === undefined
      ? ['It names no suite files: limits that do not come from the SKU profile cannot be traced to a suite']
      : []),
  ]
}

/** Compares the profile with the one of its name that comes with claimcheck. */
function comparedProfile({ sku }: Certificate): string {
  for (const path of knownProfiles()) {
    const own = loadSku(path)
    if (own.name !== sku.profile.name) continue
    const name = `fixtures/skus/${own.name}.yaml`
    return digestOf(own) === sku.digest
      ? `the same as ${name}`
      : `it DIFFERS from ${name}, ${digestOf(own)}; its limits may have been changed`
  }
  return 'no profile of this name comes with claimcheck; compare it with your own'
}

function totalsOf({ tests, coverage }: Certificate): string {
  const groups = Map.groupBy(tests, ({ verdict }) => verdict)
  const covered =
    coverage === undefined
      ? 'It does not state what it covers'
      : [
          `It ${describeCoverage(coverage)}; ${coverage.required} coverage was required`,
          ...describeLeftOut(coverage),
        ].join('\n')
  return `Tests: ${[...groups].map(([verdict, own]) => `${own.length} ${verdict}`).join(', ')}\n${covered}`
}

function linesOf({
  statement,
  verdict,
  limit,
  limitSource,
  tolerance,
  differences,
}: Verified): readonly string[] {
  if (differences.length > 0)
    return [
      `  ✗ not confirmed, ${verdict}: ${statement}`,
      ...differences.map((difference) => `      ${difference}`),
    ]
  const from = limit === undefined ? '' : `; limit ${limit}, from ${limitSource ?? 'the suite'}`
  return [`  ✓ ${verdict}: ${statement}${from}${tolerance === undefined ? '' : ` (${tolerance})`}`]
}

const versionHint = ({ tool }: Certificate): string =>
  `It was written by claimcheck ${tool.version}; another version may evaluate or word expectations differently.`
