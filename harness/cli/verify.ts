/** `claimcheck verify`: takes a certificate's path; says of every verdict whether it holds. Needs no network and no target. */
import { readCertificate } from '../certificate/read-certificate.ts'
import { describeVerdict, type Certificate } from '../certificate/certificate.ts'
import { verifyCertificate, type Verified } from '../certificate/verify-certificate.ts'
import { ClaimcheckError } from '../core/errors.ts'

/** Rejects with what is wrong with the file, or CERTIFICATE_REFUTED where a verdict does not hold. */
export async function verifyFile(path: string, say: (line: string) => void): Promise<void> {
  const certificate = readCertificate(path)
  say(headOf(certificate))
  const verified = await verifyCertificate(certificate)
  const refuted = verified.filter(({ faults }) => faults.length > 0)
  let last = ''
  for (const one of verified) {
    if (one.of !== last) say(`\n${one.of}`)
    last = one.of
    for (const line of linesOf(one)) say(line)
  }
  for (const { suite, name, skipReason } of certificate.tests.filter(({ verdict }) => verdict === 'skipped'))
    say(`\n${[...suite, name].join(' > ')}\n  - skipped: ${skipReason ?? 'no reason given'}`)
  say(`\n${verified.length - refuted.length} of ${verified.length} verdicts hold`)
  const [first] = refuted
  if (first === undefined) return
  throw new ClaimcheckError('CERTIFICATE_REFUTED', {
    subject: path,
    problem: `does not hold: ${refuted.length} of ${verified.length} verdicts come out otherwise`,
    found: `"${first.statement}" (${first.of}): ${first.faults[0] ?? ''}`,
    hint: versionHint(certificate),
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

const linesOf = ({ statement, verdict, tolerance, faults }: Verified): readonly string[] =>
  faults.length === 0
    ? [`  ✓ ${verdict}: ${statement}${tolerance === undefined ? '' : ` (${tolerance})`}`]
    : [`  ✗ does not hold, ${verdict}: ${statement}`, ...faults.map((fault) => `      ${fault}`)]

const versionHint = ({ tool }: Certificate): string =>
  `It was written by claimcheck ${tool.version}; another version may judge or word otherwise.`
