/** A certificate as the report of its run, for the report page. Figures are recomputed from the samples. */
import type { PageReport } from '../report/html/run-view.ts'
import { RESULTS_SCHEMA } from '../report/run-report.ts'
import type { Certificate } from './certificate.ts'
import { roundsOf } from './recorded-rounds.ts'

/** Throws CERTIFICATE_INCOMPLETE, RESULT_INVALID or PRECONDITION_TOPOLOGY where rounds contradict their plan. */
export function certificateReport(certificate: Certificate): PageReport {
  const { tool, run, startedAt, finishedAt, verdict, target, emulation, sku, fingerprint } = certificate
  const shared = {
    target,
    sku: sku.profile.name,
    ...(emulation === undefined ? {} : { emulation }),
    profile: sku.profile,
    nodes: fingerprint.nodes,
  }
  return {
    schema: RESULTS_SCHEMA,
    tool,
    run,
    startedAt,
    finishedAt,
    outcome: verdict === 'passed' ? 'passed' : 'failed',
    target,
    tests: certificate.tests.map((test) => ({ ...test, seconds: 0, problems: [] })),
    problems: [],
    files: Object.fromEntries(
      Object.entries(certificate.evidence).map(([file, own]) => [
        file,
        {
          ...shared,
          evidence: Object.fromEntries(
            Object.entries(own).map(([name, one]) => [
              name,
              one.kind === 'rounds'
                ? {
                    ...one,
                    rounds: roundsOf(one, certificate).map(({ index, arms }) => ({
                      round: index + 1,
                      ...arms,
                    })),
                  }
                : one,
            ]),
          ),
        },
      ]),
    ),
  }
}
