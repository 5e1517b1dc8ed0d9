/**
 * `claimcheck run`: runs suites with Vitest in a process of its own, and returns the exit code that the results of the run
 * call for. All arguments that are not claimcheck's are Vitest's.
 */
import { accessSync, constants, existsSync, globSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { asClaimcheckError, ClaimcheckError } from '../core/errors.ts'
import { readJsonFile } from '../core/json-file.ts'
import { requireMatch } from '../core/json-schema.ts'
import { hanging } from '../core/terminal.ts'
import { DEFAULT_REPORT_DIR } from '../core/variables.ts'
import { ReportFolder } from '../report/report-folder.ts'
import { runReportSchema } from '../report/run-report.ts'
import { EXIT, exitCodeOf } from './exit-code.ts'
import { runVitest } from './vitest-process.ts'

interface RunRequest {
  /** Files, folders and options of Vitest. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly requireCoverage?: boolean
  readonly allowInconclusive?: boolean
  /** Further files of the run. */
  readonly ctrf?: boolean
  readonly metrics?: boolean
  readonly say: (line: string) => void
}

/** Returns the exit code. */
export async function runCommand(request: RunRequest): Promise<number> {
  try {
    return await runSuites(request)
  } catch (error) {
    const { code, message } = asClaimcheckError(error)
    request.say(`claimcheck: ${code}: ${hanging(message)}`)
    return EXIT.input
  }
}

/** Throws FILE_INVALID where there is no configuration of Vitest, and VARIABLE_INVALID for a wrong option of Vitest. */
async function runSuites(request: RunRequest): Promise<number> {
  const { args, say, requireCoverage = false, allowInconclusive = false } = request
  const formats = [...(request.ctrf ? ['ctrf'] : []), ...(request.metrics ? ['metrics'] : [])]
  const env: RunRequest['env'] = {
    ...request.env,
    ...(requireCoverage ? { CLAIMCHECK_COVERAGE: 'full' } : {}),
    ...(formats.length > 0 ? { CLAIMCHECK_FORMATS: formats.join(',') } : {}),
  }
  // Wrong settings are reported by the run itself, in its files too.
  const reportDir = env['CLAIMCHECK_REPORT_DIR'] || DEFAULT_REPORT_DIR
  new ReportFolder(reportDir).clear()
  const options = await requireRunnable(args)
  const { exitCode, signal, interrupted } = await runVitest({
    args: [...args, ...optionsForReadOnly(options)],
    env,
  })
  if (interrupted) return EXIT.interrupted
  const results = join(reportDir, 'results.json')
  if (!existsSync(results)) {
    say(
      `claimcheck: the run ended without ${results}; Vitest ended with ${signal ?? `exit code ${exitCode ?? 'unknown'}`}`,
    )
    return EXIT.input
  }
  return exitCodeOf(requireMatch(readJsonFile(results), runReportSchema), { allowInconclusive })
}

/** Vitest starts without a configuration, and would then run everything that looks like a test. */
async function requireRunnable(args: readonly string[]): Promise<VitestOptions> {
  const { parseCLI } = await import('vitest/node')
  const options = parseOptions(() => parseCLI(['vitest', 'run', ...args]).options)
  const { config, root = '.' } = options
  const configured = config ?? globSync('{vitest,vite}.config.{ts,mts,js,mjs,cts,cjs}', { cwd: root })[0]
  if (configured !== undefined) return options
  throw new ClaimcheckError('FILE_INVALID', {
    subject: statSync(root, { throwIfNoEntry: false }) === undefined ? `folder ${root}` : 'this folder',
    problem: 'has no vitest.config.ts',
    hint: 'Run `npx claimcheck init` to make a project, or change to the folder of one.',
  })
}

/** By default Vite writes a bundle of the configuration, and Vitest a cache, into the project, which is read-only in the image. */
function optionsForReadOnly({ root = '.', configLoader }: VitestOptions): readonly string[] {
  if (isWritable(root)) return []
  return ['--fsModuleCache=false', ...(configLoader === undefined ? ['--configLoader=runner'] : [])]
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch (error) {
    if (['EACCES', 'EROFS', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  }
}

const optionsSchema = z.looseObject({
  config: z.string().optional(),
  root: z.string().optional(),
  configLoader: z.string().optional(),
})
type VitestOptions = z.infer<typeof optionsSchema>

/** Throws VARIABLE_INVALID. */
function parseOptions(parse: () => unknown): VitestOptions {
  try {
    return optionsSchema.parse(parse())
  } catch (cause) {
    throw new ClaimcheckError('VARIABLE_INVALID', {
      subject: 'the command line',
      problem: 'is not one of Vitest',
      found: cause instanceof Error ? cause.message : String(cause),
      hint: 'Run `npx vitest run --help` for the options that claimcheck passes on.',
      cause,
    })
  }
}
