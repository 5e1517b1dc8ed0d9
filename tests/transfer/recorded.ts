/** The log of a real transfer, and what can be done to it. See fixtures/transfer/README.md for how it was recorded. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { TransferResult } from '../../harness/transfer/result.ts'
import { TransferLog } from '../../harness/transfer/transfer-log.ts'

export const genuine = readFileSync(
  resolve(import.meta.dirname, '../fixtures/transfer/initiator.txt'),
  'utf8',
).trimEnd()
export const resultLine = line('RESULT ')
export const endLine = line('END ')
export const genuineResult = JSON.parse(resultLine.slice('RESULT '.length)) as TransferResult

/** What the harness makes of a log: a figure, or the error that it throws. */
export function read(log: string): TransferResult {
  const transcript = new TransferLog('pod kv-initiator on node-b')
  for (const line of log.split('\n')) transcript.add(line)
  return transcript.result()
}

/** The log with another RESULT in place of the genuine one, and an END line that vouches for it. */
export function resealed(json: string): string {
  const digest = createHash('sha256').update(json).digest('hex')
  return genuine
    .replace(resultLine, () => `RESULT ${json}`)
    .replace(endLine, `END ${JSON.stringify({ result_sha256: digest })}`)
}

/** The same, with fields of the genuine RESULT changed. */
export const withFields = (fields: Readonly<Record<string, unknown>>): string =>
  resealed(JSON.stringify({ ...genuineResult, ...fields }))

function line(tag: string): string {
  const found = genuine.split('\n').find((line) => line.startsWith(tag))
  if (found === undefined) throw new Error(`the recorded log has no ${tag}line`)
  return found
}
