/** The log of a real transfer, and functions that alter it. See fixtures/transfer/README.md for how it was recorded. */
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

/** Parses a log as the harness does: returns its RESULT or throws. */
export function read(log: string): TransferResult {
  const transferLog = new TransferLog('pod kv-initiator on node-b')
  for (const line of log.split('\n')) transferLog.add(line)
  return transferLog.result()
}

/** The log with another RESULT in place of the genuine one, and an END line with its digest. */
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
