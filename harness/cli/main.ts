/**
 * The command line, `npx claimcheck`. Takes arguments; gives an exit code: 0 done, 1 not done or not understood.
 * Only parses and prints; what a command does stands in a file of its own.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, CommanderError, Option } from 'commander'
import { HISTORY_FILE } from '../certificate/history.ts'
import { asClaimcheckError } from '../core/errors.ts'
import { readSettings } from '../core/variables.ts'
import { binariesIn, NATIVE } from '../native/build-binaries.ts'
import { TARGET_KINDS, targetKindOf } from '../targets/target-kinds.ts'
import { confirmOn } from './confirm.ts'
import { clusterLeftovers } from './cluster-leftovers.ts'
import { compareFiles, compareWithLast } from './compare.ts'
import { addLabCommands } from './lab.ts'
import { sweep } from './sweep.ts'
import { verifyFile } from './verify.ts'

interface CompareOptions {
  readonly last?: boolean
  readonly history?: string
}

/** Where a command says what it does; `process` is one. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: { write(text: string): unknown }
  readonly stderr: { write(text: string): unknown }
  /** Where a person may be asked. */
  readonly stdin?: NodeJS.ReadableStream & { readonly isTTY?: boolean }
}

export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    let exitCode = 0
    await program(terminal, (code) => (exitCode = code)).parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    // Commander has written what it had to say.
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
    .version(version())
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .showHelpAfterError('(claimcheck --help lists what there is)')
    .addHelpText('after', '\nA suite is run by Vitest: npx vitest run suites/numa')
  claimcheck
    .command('doctor')
    .description('what the target of CLAIMCHECK_TARGET has and lacks; exit code 1 where something is missing')
    .action(async () => {
      const { doctor } = await import('./doctor.ts')
      exit((await doctor(readSettings(env), say)) ? 0 : 1)
    })
  claimcheck
    .command('discover')
    .description('print a SKU profile of what there is, to be read and filled in')
    .addOption(
      new Option('--target <target>', 'where (default: CLAIMCHECK_TARGET)').choices(
        Object.keys(TARGET_KINDS),
      ),
    )
    .option('--node <name>', 'of whose shape (default: the most common)')
    .action(async ({ target, node }: { target?: string; node?: string }) => {
      const settings = readSettings(target === undefined ? env : { ...env, CLAIMCHECK_TARGET: target })
      const kind = targetKindOf(settings)
      if (kind.readProfile !== undefined) {
        const { knownProfiles } = await import('./known-profiles.ts')
        return say((await kind.readProfile(knownProfiles())).trimEnd())
      }
      const { discover } = await import('./discover.ts')
      const { slices, place } = await kind.inspect(settings)
      const { yaml, others } = discover(slices, place, node)
      stdout.write(yaml)
      for (const { nodes } of others)
        stderr.write(`Of another shape: ${nodes.join(', ')} (claimcheck discover --node ${nodes[0]})\n`)
    })
  claimcheck
    .command('plan')
    .description('print every object that a run of suites would make, and what it would take; makes nothing')
    .argument('[suites...]', 'files or folders', ['suites/numa'])
    .action(async (paths: string[]) => {
      const { plan } = await import('./plan.ts')
      const settings = readSettings(env)
      say(
        await plan(paths, {
          settings,
          around: await targetKindOf(settings).inspect(settings),
          now: Date.now(),
        }),
      )
    })
  claimcheck
    .command('sweep')
    .description(
      'find and remove what killed runs left, on this machine and with CLAIMCHECK_CONTEXT on a cluster',
    )
    .option('--dry-run', 'only say what would be removed')
    .option('--yes', 'remove what has not expired too, without asking')
    .action(async ({ dryRun = false, yes = false }: { dryRun?: boolean; yes?: boolean }) => {
      const settings = readSettings(env)
      const others = settings.target === 'cluster' ? await clusterLeftovers(settings, Date.now()) : []
      const { cacheDir } = settings
      await sweep({
        binaries: binariesIn(NATIVE),
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
    .description('make one archive that runs the suites on a machine without network and Node')
    .addOption(new Option('--target <target>', 'for which target').choices(['host']).makeOptionMandatory())
    .option('--out <file>', 'where it goes', 'claimcheck-host.run')
    .action(async ({ out }: { out: string }) => {
      const { packHost } = await import('./pack/pack-host.ts')
      await packHost({ out, cacheDir: readSettings(env).cacheDir, say })
    })
  claimcheck
    .command('verify')
    .description('make every verdict of a certificate again from its samples, offline')
    .argument('<certificate>', 'certificate.json of a run')
    .action((path: string) => verifyFile(path, say))
  claimcheck
    .command('compare')
    .description('what changed between two like runs beyond noise; exit code 1 where something is worse')
    .argument('[A]', 'certificate.json or results.json of the earlier run')
    .argument('[B]', 'of the later run')
    .option('--last', 'compare one run, by default the last, with the last green run of its SKU and target')
    .option('--history <file>', 'where runs are kept (default: history.ndjson of the report folder)')
    .action((a: string | undefined, b: string | undefined, options: CompareOptions, command: Command) => {
      const { reportDir } = readSettings(env)
      const { last = false, history = join(reportDir, HISTORY_FILE) } = options
      if (last && b === undefined)
        return exit(compareWithLast(a ?? join(reportDir, 'certificate.json'), history, say) ? 0 : 1)
      if (last || a === undefined || b === undefined)
        return command.error('error: name two runs, A and B; or --last, and one run at most')
      exit(compareFiles(a, b, say) ? 0 : 1)
    })
  addLabCommands(claimcheck, { settings: () => readSettings(env), say, exit })
  return claimcheck
}

function version(): string {
  const path = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
}
