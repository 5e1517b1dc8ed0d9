/** The commands about the machines under test and this one: doctor, discover, sweep, pack. */
import { Option, type Command } from 'commander'
import { readSettings } from '../../core/variables.ts'
import { binariesIn, NATIVE } from '../../native/build-binaries.ts'
import { prebuiltPaths } from '../../native/prebuilt.ts'
import { TARGET_KINDS, targetKindOf } from '../../targets/target-kinds.ts'
import { confirmOn } from '../confirm.ts'
import { sweep } from '../sweep.ts'
import { example, type CommandContext } from './command-context.ts'

interface DiscoverOptions {
  readonly target?: string
  readonly node?: string
  readonly probe?: boolean
  readonly dryRun?: boolean
}

export function addMachineCommands(claimcheck: Command, { terminal, say, exit }: CommandContext): void {
  const { env, stdout, stderr } = terminal
  claimcheck
    .command('doctor')
    .description('check that CLAIMCHECK_TARGET has what a run needs; exit code 1 if something is missing')
    .addHelpText('after', example('CLAIMCHECK_TARGET=host CLAIMCHECK_SKU=h200x2 npx claimcheck doctor'))
    .action(async () => {
      const { doctor } = await import('../doctor.ts')
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
        const { knownProfiles } = await import('../../sku/known-profiles.ts')
        return say((await kind.readProfile(knownProfiles())).trimEnd())
      }
      const { discoverCommand } = await import('../discover-command.ts')
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
      const { packHost } = await import('../pack/pack-host.ts')
      await packHost({ out, cacheDir: readSettings(env).cacheDir, say })
    })
}
