/** What a run leaves in a workflow of GitHub Actions besides its files: annotations in the log, and the summary of the step. */
import { appendFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { formatStepSummary } from '../report/github/step-summary.ts'
import { annotationsOf, type LineOf } from '../report/github/workflow-commands.ts'
import type { RunReport } from '../report/run-report.ts'

export interface Workflow {
  /** The folder of the repository, to which the files of annotations are relative. */
  readonly workspace: string | undefined
  /** The file that takes the summary of the step. */
  readonly summary: string | undefined
}

/** Undefined outside GitHub Actions. */
export const workflowIn = (env: NodeJS.ProcessEnv): Workflow | undefined =>
  env['GITHUB_ACTIONS'] === 'true'
    ? { workspace: env['GITHUB_WORKSPACE'], summary: env['GITHUB_STEP_SUMMARY'] }
    : undefined

/** Appends the summary, and returns the lines for the log. `root`: the folder that files of the report are relative to. */
export function reportToWorkflow(
  { workspace, summary }: Workflow,
  report: RunReport,
  { root, lineOf }: { readonly root: string; readonly lineOf: LineOf },
): readonly string[] {
  const inRepository = <T extends { readonly file?: string }>(one: T): T =>
    one.file === undefined || workspace === undefined
      ? one
      : { ...one, file: relative(workspace, join(root, one.file)) }
  const lines = new Map(report.tests.map((test) => [inRepository(test), lineOf(test)]))
  const annotated = { ...report, tests: [...lines.keys()], problems: report.problems.map(inRepository) }
  const annotations = annotationsOf(annotated, (test) => lines.get(test))
  if (summary === undefined) return annotations
  try {
    appendFileSync(summary, formatStepSummary(report))
    return annotations
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return [...annotations, `  no step summary: ${reason}`]
  }
}
