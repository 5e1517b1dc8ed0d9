/** The commands that write, plan and run suites: init, run, plan, baseline. */
import { Option, type Command } from 'commander'
import { readSettings } from '../../core/variables.ts'
import { targetKindOf } from '../../targets/target-kinds.ts'
import { countOf, example, type CommandContext } from './command-context.ts'

interface RunOptions {
  readonly requireCoverage?: boolean
  readonly allowInconclusive?: boolean
  readonly ctrf?: boolean
  readonly metrics?: boolean
}

interface BaselineFlags {
  readonly rounds: number
  readonly from?: string
  readonly singleNode?: boolean
  readonly write?: boolean
  readonly replace?: boolean
  readonly sku?: string
}

const RUN_HELP = `
Exit codes:
  0  passed
  1  failed: the hardware broke an expectation
  2  wrong use or input
  3  inconclusive: no verdict, or not all of the hardware was covered
  4  interrupted

Example:
  $ npx claimcheck run suites/numa --require-coverage -t bandwidth`

export function addSuiteCommands(claimcheck: Command, { terminal, say, exit }: CommandContext): void {
  const { env, stderr } = terminal
  claimcheck
    .command('init')
    .description('make a project of the working directory: a suite, a SKU profile, a rack, a CI example')
    .addHelpText('after', example('npx claimcheck init && npx claimcheck run'))
    .action(async () => {
      const { initProject } = await import('../init.ts')
      initProject(process.cwd(), say)
    })
  claimcheck
    .command('run')
    .description('run suites with Vitest, with an exit code for each kind of outcome')
    .argument('[arguments...]', 'files, folders and options of Vitest')
    .option('--require-coverage', 'a run passes only if it covered all nodes, GPUs and NICs')
    .option('--allow-inconclusive', 'inconclusive tests do not fail a run in which others passed')
    .option('--ctrf', 'also write ctrf.json, in the Common Test Report Format')
    .option('--metrics', 'also write metrics.prom, OpenMetrics text for a textfile collector')
    .allowUnknownOption()
    .addHelpText('after', RUN_HELP)
    .action(async (args: string[], options: RunOptions) => {
      const { runCommand } = await import('../run.ts')
      exit(await runCommand({ args, env, say: (line) => void stderr.write(`${line}\n`), ...options }))
    })
  claimcheck
    .command('plan')
    .description(
      'print every object that a run would create, the devices it would claim and its duration; creates nothing',
    )
    .argument('[suites...]', 'files or folders', ['suites/numa'])
    .addHelpText('after', example('CLAIMCHECK_RACK=p5-2node npx claimcheck plan suites/numa'))
    .action(async (paths: string[]) => {
      const { plan } = await import('../plan.ts')
      const settings = readSettings(env)
      say(
        await plan(paths, {
          settings,
          inspection: await targetKindOf(settings).inspect(settings),
          now: Date.now(),
        }),
      )
    })
  claimcheck
    .command('baseline')
    .description('measure the figures of a new SKU and propose reference figures with bounds for its profile')
    .argument('[suites...]', 'files or folders', ['suites/numa'])
    .option('--from <file>', 'use the results.json or certificate.json of a run instead of a new run')
    .addOption(
      new Option('--rounds <count>', 'rounds of every arm, in both directions').default(6).argParser(countOf),
    )
    .option('--single-node', 'accept figures of one node, with wide bounds')
    .option('--write', 'write the figures that the profile does not state yet')
    .option('--replace', 'with --write: also replace those that it states')
    .option('--sku <file>', 'profile to compare with and to write to (default: that of the run)')
    .addHelpText('after', example('npx claimcheck baseline suites/numa --write'))
    .action(async (paths: string[], flags: BaselineFlags, command: Command) => {
      const { rounds, singleNode = false, write = false, replace = false, from, sku } = flags
      if (rounds < 3) command.error('error: --rounds must be at least 3')
      if (replace && !write) command.error('error: --replace has no effect without --write')
      const { baseline } = await import('../baseline/baseline.ts')
      const options = {
        rounds,
        singleNode,
        write,
        replace,
        ...(from === undefined ? {} : { from }),
        ...(sku === undefined ? {} : { sku }),
      }
      exit((await baseline(paths, options, { settings: readSettings(env), env, say })) ? 0 : 1)
    })
}
