/** `claimcheck sign`: verifies a certificate, signs it and writes the attestation beside it. */
import { attest, attestationPath } from '../certificate/attestation.ts'
import { certificateIn } from '../certificate/read-certificate.ts'
import { readPrivateKey } from '../certificate/signing-key.ts'
import { verifyCertificate } from '../certificate/verify-certificate.ts'
import { ClaimcheckError } from '../core/errors.ts'
import { unwritableError } from '../core/unwritable-error.ts'
import { readJsonFile } from '../core/json-file.ts'
import { replaceFile } from '../core/output-file.ts'

/**
 * Replaces an earlier attestation. Rejects with KEY_INVALID, CERTIFICATE_REFUTED, REPORT_UNWRITABLE, or the error of a file that
 * cannot be read.
 */
export async function signFile(path: string, keyPath: string, say: (line: string) => void): Promise<void> {
  const key = readPrivateKey(keyPath)
  const file = readJsonFile(path)
  const certificate = certificateIn(file)
  const refuted = (await verifyCertificate(certificate)).find(({ differences }) => differences.length > 0)
  if (refuted !== undefined)
    throw new ClaimcheckError('CERTIFICATE_REFUTED', {
      subject: path,
      problem: 'is refuted and was not signed',
      found: `"${refuted.statement}" (${refuted.test}): ${refuted.differences[0] ?? ''}`,
      hint: `Run npx claimcheck verify ${path} for all differences.`,
    })
  const output = attestationPath(path)
  try {
    replaceFile(output, attest(certificate, file.text, path, key))
  } catch (cause) {
    throw unwritableError(output, cause, { hint: 'Make the folder of the certificate writable.' })
  }
  say(`${output}, signed by key ${key.id}`)
}
