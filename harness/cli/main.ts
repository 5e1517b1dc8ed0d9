/**
 * The command line, `npx claimcheck`: parses arguments and runs the command, each of which has a file of its own. The exit
 * code is 0 on success and 1 otherwise; `run` has exit codes of its own.
 */
import { join } from 'node:path'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { HISTORY_FILE } from '../certificate/history.ts'
import { asClaimcheckError } from '../core/errors.ts'
import { VERSION } from '../core/package-root.ts'
import { writerTo, type TextStream } from '../core/terminal.ts'
import { readSettings } from '../core/variables.ts'
import { binariesIn, NATIVE } from '../native/build-binaries.ts'
import { prebuiltPaths } from '../native/prebuilt.ts'
import { TARGET_KINDS, targetKindOf } from '../targets/target-kinds.ts'
import { confirmOn } from './confirm.ts'

import { compareFiles, compareWithLast } from './compare.ts'
import { addLabCommands } from './lab.ts'
import { sweep } from './sweep.ts'
import { signFile } from './sign.ts'
import { verifyFile } from './verify.ts'

interface DiscoverOptions {
  readonly target?: string
  readonly node?: string
  readonly probe?: boolean
  readonly dryRun?: boolean
}

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

interface CompareOptions {
  readonly last?: boolean
  readonly history?: string
}

/** The environment and streams of a command; `process` is one. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: TextStream
  readonly stderr: TextStream
  /** For confirmations, when it is a terminal. */
  readonly stdin?: NodeJS.ReadableStream & { readonly isTTY?: boolean }
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

const example = (command: string): string => `\nExample:\n  $ ${command}`

export async function main(args: readonly string[], streams: Terminal): Promise<number> {
  const { env, stdin } = streams
  const [stdout, stderr] = [writerTo(streams.stdout), writerTo(streams.stderr)]
  const terminal: Terminal = { env, stdout, stderr, ...(stdin === undefined ? {} : { stdin }) }
  try {
    let exitCode = 0
    await program(terminal, (code) => (exitCode = code)).parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    // Commander has already printed its message.
    if (error instanceof CommanderError) return error.exitCode
    const { code, message } = asClaimcheckError(error)
    terminal.stderr.write(`claimcheck: ${code}: ${message}\n`)
    return 1
  }
}

function program(terminal: Terminal, exit: (code: number) => void): Command {
  const { env, stdout, stderr } = terminal
  const say = (line: string): void => void stdout.write(`${line}\n`)
  const claimcheck = new Command('claimcheck')
    .description('Checks what a hardware vendor, a cloud or a driver claims about GPU/RDMA nodes.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .showHelpAfterError('(run claimcheck --help for the list of commands)')
    .addHelpText(
      'after',
      '\nSuites are run with Vitest, by `npx claimcheck run` or `npx vitest run suites/numa`',
    )
  claimcheck
    .command('init')
    .description('make a project of the working directory: a suite, a SKU profile, a rack, a CI example')
    .addHelpText('after', example('npx claimcheck init && npx claimcheck run'))
    .action(async () => {
      const { initProject } = await import('./init.ts')
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
      const { runCommand } = await import('./run.ts')
      exit(await runCommand({ args, env, say: (line) => void stderr.write(`${line}\n`), ...options }))
    })
  claimcheck
    .command('doctor')
    .description('check that CLAIMCHECK_TARGET has what a run needs; exit code 1 if something is missing')
    .addHelpText('after', example('CLAIMCHECK_TARGET=host CLAIMCHECK_SKU=h200x2 npx claimcheck doctor'))
    .action(async () => {
      const { doctor } = await import('./doctor.ts')
      exit((await doctor(readSettings(env), say)) ? 0 : 1)
    })
  claimcheck
    .command('discover')
    .description('print a SKU profile of the discovered hardware, to be reviewed and completed')
    .addOption(
      new Option('--target <target>', 'target to inspect (default: CLAIMCHECK_TARGET)').choices(
        Object.keys(TARGET_KINDS),
      ),
    )
    .option('--node <name>', 'node to describe (default: one with the most common devices)')
    .option('--probe', 'run an unprivileged pod without claims on one node, and ask its kernel, too')
    .option('--dry-run', 'print the objects that --probe would create, and create nothing')
    .addHelpText('after', example('npx claimcheck discover --target host >skus/node.yaml'))
    .action(async (options: DiscoverOptions) => {
      const { target, node, probe = false, dryRun = false } = options
      const settings = readSettings(target === undefined ? env : { ...env, CLAIMCHECK_TARGET: target })
      const kind = targetKindOf(settings)
      if (kind.readProfile !== undefined) {
        const { knownProfiles } = await import('../sku/known-profiles.ts')
        return say((await kind.readProfile(knownProfiles())).trimEnd())
      }
      const { discoverCommand } = await import('./discover-command.ts')
      await discoverCommand(
        kind,
        settings,
        { node, probe, dryRun },
        {
          write: (text) => void stdout.write(text),
          note: (line) => void stderr.write(`${line}\n`),
        },
      )
    })
  claimcheck
    .command('plan')
    .description(
      'print every object that a run would create, the devices it would claim and its duration; creates nothing',
    )
    .argument('[suites...]', 'files or folders', ['suites/numa'])
    .addHelpText('after', example('CLAIMCHECK_RACK=p5-2node npx claimcheck plan suites/numa'))
    .action(async (paths: string[]) => {
      const { plan } = await import('./plan.ts')
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
    .action(async (paths: string[], flags: BaselineFlags, command: Command) => {
      const { rounds, singleNode = false, write = false, replace = false, from, sku } = flags
      if (rounds < 3) command.error('error: --rounds must be at least 3')
      if (replace && !write) command.error('error: --replace has no effect without --write')
      const { baseline } = await import('./baseline/baseline.ts')
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
  claimcheck
    .command('sweep')
    .description(
      'remove leftovers of killed runs from this machine and, with CLAIMCHECK_TARGET=cluster, from the cluster',
    )
    .option('--dry-run', 'only print what would be removed')
    .option('--yes', 'also remove what has not expired, without asking')
    .addHelpText('after', example('npx claimcheck sweep --dry-run'))
    .action(async ({ dryRun = false, yes = false }: { dryRun?: boolean; yes?: boolean }) => {
      const settings = readSettings(env)
      const others = (await targetKindOf(settings).findStaleResources?.(settings, Date.now())) ?? []
      const { cacheDir } = settings
      await sweep({
        binaries: [binariesIn(NATIVE), prebuiltPaths(NATIVE)],
        cacheDir,
        dryRun,
        say,
        others,
        yes,
        ask: confirmOn(terminal),
      })
    })
  claimcheck
    .command('pack')
    .description('create an archive that runs the suites on a machine without network or Node')
    .addOption(
      new Option('--target <target>', 'target of the archive').choices(['host']).makeOptionMandatory(),
    )
    .option('--out <file>', 'path of the archive', 'claimcheck-host.run')
    .addHelpText('after', example('npx claimcheck pack --target host --out claimcheck-host.run'))
    .action(async ({ out }: { out: string }) => {
      const { packHost } = await import('./pack/pack-host.ts')
      await packHost({ out, cacheDir: readSettings(env).cacheDir, say })
    })
  claimcheck
    .command('verify')
    .description('recompute every verdict of certificates from their samples, offline')
    .argument('<certificates...>', 'paths of certificate.json files')
    .option('--key <file>', 'public key, Ed25519 in PEM, that must have signed them')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx claimcheck verify --key vendor.pub.pem reports/certificate.json\n\nWithout --key nobody vouches for a certificate: whoever wrote it may have left out tests or invented samples.',
    )
    .action(async (paths: string[], { key }: { key?: string }) => {
      for (const path of paths) await verifyFile(path, key, say)
    })
  claimcheck
    .command('sign')
    .description('verify a certificate and sign it: writes certificate.intoto.jsonl beside it')
    .argument('<certificate>', 'path of a certificate.json')
    .requiredOption('--key <file>', 'private key, Ed25519 in PEM, that only you can read')
    .addHelpText(
      'after',
      '\nExample:\n  $ openssl genpkey -algorithm ed25519 -out key.pem\n  $ npx claimcheck sign --key key.pem reports/certificate.json',
    )
    .action((path: string, { key }: { key: string }) => signFile(path, key, say))
  claimcheck
    .command('compare')
    .description('show what changed between two runs; exit code 1 if something got worse')
    .argument('[A]', 'certificate.json or results.json of the earlier run')
    .argument('[B]', 'certificate.json or results.json of the later run')
    .option(
      '--last',
      'compare A, by default the last run, with the last green run of its SKU and target before it',
    )
    .option('--history <file>', 'history of runs (default: history.ndjson in the report folder)')
    .addHelpText('after', example('npx claimcheck compare --last'))
    .action((a: string | undefined, b: string | undefined, options: CompareOptions, command: Command) => {
      const { reportDir } = readSettings(env)
      const { last = false, history = join(reportDir, HISTORY_FILE) } = options
      if (last && b === undefined)
        return exit(compareWithLast(a ?? join(reportDir, 'certificate.json'), history, say) ? 0 : 1)
      if (last || a === undefined || b === undefined)
        return command.error('error: expected two runs, A and B, or --last with at most one run')
      exit(compareFiles(a, b, say) ? 0 : 1)
    })
  claimcheck
    .command('report')
    .description('write the report page of runs again; of two runs, with what changed')
    .argument('<results...>', 'results.json or certificate.json of each run')
    .option('--out <file>', 'path of the page (default: index.html beside the first run)')
    .option('--history <file>', 'history of runs (default: history.ndjson beside the last run)')
    .addHelpText(
      'after',
      example('npx claimcheck report before/results.json after/results.json --out change.html'),
    )
    .action(async (paths: [string, ...string[]], options: { out?: string; history?: string }) => {
      const { writeReport } = await import('./report.ts')
      writeReport(paths, options, say)
    })
  claimcheck
    .command('history')
    .description('list the runs in the history with their verdicts and bandwidths')
    .addOption(new Option('--last <count>', 'how many runs are listed').default(20).argParser(countOf))
    .option('--sku <name>', 'only runs of this SKU')
    .option('--history <file>', 'history of runs (default: history.ndjson in the report folder)')
    .addHelpText('after', example('npx claimcheck history --sku h100x8 --last 5'))
    .action(async ({ last, sku, history }: { last: number; sku?: string; history?: string }) => {
      const { listHistory } = await import('./history.ts')
      listHistory(history ?? join(readSettings(env).reportDir, HISTORY_FILE), { last, sku }, say)
    })
  addLabCommands(claimcheck, { settings: () => readSettings(env), say, exit, example })
  return claimcheck
}

function countOf(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count > 0) return count
  throw new InvalidArgumentError('expected a whole number above 0')
}
