/** `claimcheck verify`: recomputes every verdict of a certificate and prints whether it is confirmed. It needs no network and no target. */
import { readCertificate } from '../certificate/read-certificate.ts'
import { describeVerdict, type Certificate } from '../certificate/certificate.ts'
import { verifyCertificate, type Verified } from '../certificate/verify-certificate.ts'
import { ClaimcheckError } from '../core/errors.ts'

/** Rejects with CERTIFICATE_REFUTED when a verdict is not confirmed, or with the error of a file that cannot be read. */
export async function verifyFile(path: string, say: (line: string) => void): Promise<void> {
  const certificate = readCertificate(path)
  say(headOf(certificate))
  const verified = await verifyCertificate(certificate)
  const refuted = verified.filter(({ differences }) => differences.length > 0)
  let last = ''
  for (const one of verified) {
    if (one.test !== last) say(`\n${one.test}`)
    last = one.test
    for (const line of linesOf(one)) say(line)
  }
  for (const { suite, name, skipReason } of certificate.tests.filter(({ verdict }) => verdict === 'skipped'))
    say(`\n${[...suite, name].join(' > ')}\n  - skipped: ${skipReason ?? 'no reason given'}`)
  say(`\n${verified.length - refuted.length} of ${verified.length} verdicts confirmed`)
  const [first] = refuted
  if (first === undefined) return
  throw new ClaimcheckError('CERTIFICATE_REFUTED', {
    subject: path,
    problem: `is refuted: ${refuted.length} of ${verified.length} recomputed verdicts differ`,
    found: `"${first.statement}" (${first.test}): ${first.differences[0] ?? ''}`,
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

const linesOf = ({ statement, verdict, tolerance, differences }: Verified): readonly string[] =>
  differences.length === 0
    ? [`  ✓ ${verdict}: ${statement}${tolerance === undefined ? '' : ` (${tolerance})`}`]
    : [
        `  ✗ not confirmed, ${verdict}: ${statement}`,
        ...differences.map((difference) => `      ${difference}`),
      ]

const versionHint = ({ tool }: Certificate): string =>
  `It was written by claimcheck ${tool.version}; another version may evaluate or word expectations differently.`
