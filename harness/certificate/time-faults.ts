/** Checks the times of a certificate: its transfers were made during its run. */
import type { CertificateBody } from './certificate.ts'
import { outcomesIn } from './evidence-schema.ts'

/** By which the clock of a node may differ from that of the harness. */
const MOST_SKEW_MS = 24 * 60 * 60_000

/** Sentences. The figures of the model runtime have a time of their own. */
export function timeFaults({ startedAt, finishedAt, evidence }: CertificateBody): readonly string[] {
  if (finishedAt < startedAt) return [`it finished at ${finishedAt}, before it started at ${startedAt}`]
  const first = Date.parse(startedAt) - MOST_SKEW_MS
  const last = Date.parse(finishedAt) + MOST_SKEW_MS
  const outside = Object.values(evidence)
    .flatMap((own) => Object.values(own))
    .flatMap((one) => (one.kind === 'rounds' ? one.rounds : []))
    .flatMap((round) => Object.values(outcomesIn(round)))
    .filter(({ result }) => result.backend !== 'model')
    .flatMap(({ initiator, result }) =>
      [result.started_unix_ms, result.finished_unix_ms]
        .filter((time) => time < first || time > last)
        .map((time) => `by the clock of ${initiator.node} a transfer was made at ${dateOf(time)}`),
    )
  const [one] = outside
  return one === undefined
    ? []
    : [`${one}, more than a day before or after the run from ${startedAt} to ${finishedAt}`]
}

/** A number of milliseconds may be beyond the range of dates. */
const dateOf = (ms: number): string => (ms <= 8.64e15 ? new Date(ms).toISOString() : `${ms} ms`)
