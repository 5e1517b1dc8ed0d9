/** A finished run, read from its results.json or its certificate, as far as a baseline needs it. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Evidence } from '../../certificate/evidence-schema.ts'
import { evidenceOf } from '../../certificate/issue-certificate.ts'
import { certificateIn } from '../../certificate/read-certificate.ts'
import { librariesIn } from '../../certificate/run-faults.ts'
import { ClaimcheckError } from '../../core/errors.ts'
import { readJsonFile } from '../../core/json-file.ts'
import { requireMatch } from '../../core/json-schema.ts'
import type { Expectation } from '../../expect/expectation.ts'
import type { NodeFingerprint } from '../../report/node-fingerprint.ts'
import {
  RESULTS_SCHEMA,
  runReportSchema,
  type Environment,
  type FileReport,
} from '../../report/run-report.ts'
import type { Sku } from '../../sku/sku.ts'

export interface RecordedFile {
  readonly file: string
  readonly sku: Sku
  readonly emulation: Environment['emulation']
  readonly evidence: Readonly<Record<string, Evidence>>
  readonly expectations: readonly Expectation[]
}

export interface RecordedRun {
  readonly path: string
  /** `sha256:...` of the file. */
  readonly digest: string
  readonly finishedAt: string
  readonly files: readonly RecordedFile[]
  readonly nodes: NodeFingerprint
  /** By library: the versions that transfers reported; with that of claimcheck. */
  readonly versions: Readonly<Record<string, readonly string[]>>
  /** The SKU profile that the run read. */
  readonly skuPath: string | undefined
}

/** Throws FILE_UNREADABLE, FILE_INVALID, CERTIFICATE_CHANGED, or BASELINE_REFUSED for a run that was interrupted. */
export function readRecordedRun(path: string): RecordedRun {
  const file = readJsonFile(path)
  const head = z.looseObject({ schema: z.literal(RESULTS_SCHEMA) }).safeParse(file.value)
  const run = head.success
    ? ofReport(path, requireMatch(file, runReportSchema))
    : ofCertificate(certificateIn(file))
  const evidence = run.files.flatMap((own) => Object.values(own.evidence))
  return {
    path,
    digest: `sha256:${createHash('sha256').update(file.text).digest('hex')}`,
    ...run,
    versions: { claimcheck: [run.tool.version], ...librariesIn(evidence), ...driversIn(run.nodes) },
  }
}

type Parts = Pick<RecordedRun, 'finishedAt' | 'files' | 'nodes' | 'skuPath'> & {
  readonly tool: { readonly version: string }
}

function ofReport(path: string, report: z.infer<typeof runReportSchema>): Parts {
  if (report.outcome === 'interrupted')
    throw new ClaimcheckError('BASELINE_REFUSED', {
      subject: path,
      problem: 'is the report of a run that was interrupted',
      hint: 'Run it again to the end.',
    })
  const files = Object.entries(report.files).flatMap(([name, own]): RecordedFile[] => {
    if (own.profile === undefined) return []
    return [
      {
        file: name,
        sku: own.profile,
        emulation: own.emulation,
        evidence: readEvidence(path, name, own),
        expectations: report.tests.flatMap((test) => (test.file === name ? test.expectations : [])),
      },
    ]
  })
  return {
    tool: report.tool,
    finishedAt: report.finishedAt,
    files,
    nodes: Object.assign({}, ...Object.values(report.files).map(({ nodes }) => nodes)) as NodeFingerprint,
    skuPath: Object.values(report.files).find(({ inputs }) => inputs !== undefined)?.inputs?.sku.path,
  }
}

/** Throws FILE_INVALID. */
function readEvidence(path: string, name: string, own: FileReport): ReturnType<typeof evidenceOf> {
  try {
    return evidenceOf(own)
  } catch (cause) {
    if (!(cause instanceof z.ZodError)) throw cause
    throw new ClaimcheckError('FILE_INVALID', {
      subject: path,
      problem: `has evidence of ${name} that does not match its schema`,
      found: z.prettifyError(cause).slice(0, 200),
      hint: 'Use the file as claimcheck wrote it.',
      cause,
    })
  }
}

function ofCertificate(certificate: ReturnType<typeof certificateIn>): Parts {
  const { tool, finishedAt, sku, emulation, evidence, tests, fingerprint, inputs } = certificate
  return {
    tool,
    finishedAt,
    files: Object.entries(evidence).map(([file, own]) => ({
      file,
      sku: sku.profile as Sku,
      emulation,
      evidence: own,
      expectations: tests.flatMap((test) => (test.file === file ? test.expectations : [])),
    })),
    nodes: fingerprint.nodes,
    skuPath: inputs?.sku.path,
  }
}

/** The versions that devices publish, by attribute: `driverVersion`. */
function driversIn(nodes: NodeFingerprint): Record<string, readonly string[]> {
  const all = Object.values(nodes)
    .flatMap((drivers) => Object.values(drivers))
    .flatMap(({ attributes }) => Object.entries(attributes))
    .filter(([name]) => /version|firmware/i.test(name))
  return Object.fromEntries(
    [...Map.groupBy(all, ([name]) => name)].map(([name, own]) => [
      name,
      [...new Set(own.flatMap(([, values]) => values))].sort(),
    ]),
  )
}
