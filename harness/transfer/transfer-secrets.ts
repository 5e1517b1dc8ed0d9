/**
 * The secrets of one transfer. Both sides share the secret by which they recognize each other. The initiator alone has the log
 * key, by which the harness recognizes its RESULT: whatever the target makes the initiator print, it cannot sign a RESULT.
 */
import { createHmac, randomBytes } from 'node:crypto'

const LOG_KEY = 'TRANSFER_LOG_KEY'

export interface TransferSecrets {
  readonly target: Readonly<Record<string, string>>
  readonly initiator: Readonly<Record<string, string>>
  readonly logKey: string
}

export function newTransferSecrets(): TransferSecrets {
  const shared = { TRANSFER_SECRET: randomBytes(32).toString('hex') }
  const logKey = randomBytes(32).toString('hex')
  return { target: shared, initiator: { ...shared, [LOG_KEY]: logKey }, logKey }
}

/** The proof in the END line of a RESULT, as hexadecimal digits. */
export const resultProof = (json: string, logKey: string): string =>
  createHmac('sha256', logKey).update(json).digest('hex')
