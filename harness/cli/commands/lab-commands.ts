/**
 * `claimcheck lab`: the commands that start and stop real Kubernetes in containers on this machine; see `targets/lab`.
 */
import type { Command } from 'commander'
import { libraryPath } from '../../core/library.ts'
import { readSettings } from '../../core/variables.ts'
import { loadRack } from '../../rack/rack.ts'
import { requireTestcontainers } from '../../targets/lab/require-testcontainers.ts'
import { example, type CommandContext } from './command-context.ts'

const NAME = [
  '--name <name>',
  'name of the lab; labs with different names can run side by side',
  'default',
] as const

export function addLabCommands(claimcheck: Command, { terminal, say, exit }: CommandContext): void {
  const settings = () => readSettings(terminal.env)
  const lab = claimcheck
    .command('lab')
    .description('start and stop real Kubernetes in containers on this machine, with an emulated rack')
    .hook('preAction', requireTestcontainers)
  lab
    .command('build')
    .description('build the node image, if its sources have changed')
    .addHelpText('after', example('npx claimcheck lab build'))
    .action(async () => {
      const { provideNodeImage } = await import('../../targets/lab/image/node-image.ts')
      say(await provideNodeImage(settings().cacheDir, say))
    })
  lab
    .command('up')
    .description('start a lab that runs until "lab down"')
    .option(...NAME)
    .option(
      '--rack <file>',
      'rack to emulate, a file or the name of one that comes with claimcheck (default: CLAIMCHECK_RACK)',
    )
    .option(
      '--nodes <count>',
      `number of the rack's nodes to run; 0: the control plane only; vm: all, in virtual machines with Soft-RoCE NICs`,
    )
    .addHelpText('after', example('npx claimcheck lab up --rack p5-2node'))
    .action(
      async ({ name, rack, nodes }: { name: string; rack?: string; nodes?: string }, command: Command) => {
        const { cacheDir, rack: ofSettings } = settings()
        const loaded = loadRack(rack === undefined ? ofSettings : libraryPath('racks', rack, '--rack'))
        const machine = nodes === 'vm' ? 'vm' : 'container'
        const workers = nodes === undefined || nodes === 'vm' ? loaded.nodes.length : Number(nodes)
        if (!Number.isInteger(workers) || workers < 0 || workers > loaded.nodes.length)
          command.error(
            `error: --nodes: expected a whole number from 0 to ${loaded.nodes.length}, or vm, found "${nodes}"`,
          )
        const { findLab, startLab } = await import('../../targets/lab/lab.ts')
        const options = { cacheDir, name, workers, machine } as const
        const running = await findLab(loaded, options)
        const { kubeconfig, context } =
          running ??
          (await interruptible((signal) => startLab(loaded, { ...options, persistent: true, say, signal })))
        say(`Lab ${name} ${running === undefined ? 'is ready' : 'is already running'}.`)
        say(`  export KUBECONFIG=${kubeconfig}   (context ${context})`)
      },
    )
  lab
    .command('down')
    .description('stop a lab and remove everything that it created')
    .option(...NAME)
    .option('--all', 'every lab on this machine')
    .addHelpText('after', example('npx claimcheck lab down --all'))
    .action(async ({ name, all = false }: { name: string; all?: boolean }) => {
      const { labs, stopLab } = await import('../../targets/lab/lab.ts')
      const { cacheDir } = settings()
      const known = await labs()
      const selected = known
        .filter((one) => all || one.lab === name || one.owner === 'gone')
        .map((one) => one.lab)
      for (const one of selected) {
        await stopLab(cacheDir, one)
        say(`Stopped lab ${one}.`)
      }
      if (!all && !selected.includes(name)) {
        await stopLab(cacheDir, name)
        say(`There is no lab ${name}.`)
      }
    })
  lab
    .command('status')
    .description('list the labs; exit code 1 when none is running')
    .addHelpText('after', example('npx claimcheck lab status'))
    .action(async () => {
      const { labs } = await import('../../targets/lab/lab.ts')
      const { kubeconfigPath, readState } = await import('../../targets/lab/lab-state.ts')
      const { cacheDir } = settings()
      const all = await labs()
      if (all.length === 0) say('There is no lab.')
      for (const one of all) {
        const state = await readState(cacheDir, one.lab)
        const running = one.containers.filter((container) => container.running).length
        const whose = { alive: 'of a run', gone: 'left by a killed run', none: 'started to stay' }[one.owner]
        say(`${one.lab}: ${running} of ${one.containers.length} containers run, ${whose}`)
        if (state !== undefined)
          say(
            `  rack ${state.rack}, ${state.nodes.length} workers${state.machine === 'vm' ? ' in virtual machines' : ''}, KUBECONFIG=${kubeconfigPath(cacheDir, one.lab)}`,
          )
      }
      exit(all.some(({ containers }) => containers.some(({ running }) => running)) ? 0 : 1)
    })
}

/** Aborts `work` on Ctrl-C, so that it removes what it has created. */
async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  process.once('SIGINT', abort)
  process.once('SIGTERM', abort)
  try {
    return await work(controller.signal)
  } finally {
    process.off('SIGINT', abort)
    process.off('SIGTERM', abort)
  }
}
