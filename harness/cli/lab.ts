/**
 * `claimcheck lab`: real Kubernetes in containers of this machine. Takes what was asked on the command line; says what it
 * does and what there is. The work is done in `targets/lab`.
 */
import type { Command } from 'commander'
import { loadRack } from '../rack/rack.ts'

export interface LabCommands {
  readonly settings: () => { readonly cacheDir: string; readonly rack: string }
  readonly say: (line: string) => void
  readonly exit: (code: number) => void
}

const NAME = ['--name <name>', 'of the lab; labs of different names stand side by side', 'default'] as const

export function addLabCommands(claimcheck: Command, { settings, say, exit }: LabCommands): void {
  const lab = claimcheck
    .command('lab')
    .description('start and stop real Kubernetes in containers of this machine, with an emulated rack')
  lab
    .command('build')
    .description('build the image of its nodes, where something it is made from has changed')
    .action(async () => {
      const { provideNodeImage } = await import('../targets/lab/image/node-image.ts')
      say(await provideNodeImage(settings().cacheDir, say))
    })
  lab
    .command('up')
    .description('start a lab that stays until "down"')
    .option(...NAME)
    .option('--rack <file>', 'the rack it emulates (default: CLAIMCHECK_RACK)')
    .option('--nodes <count>', "how many of the rack's nodes run; 0: the control plane alone")
    .action(
      async ({ name, rack, nodes }: { name: string; rack?: string; nodes?: string }, command: Command) => {
        const { cacheDir, rack: ofSettings } = settings()
        const loaded = loadRack(rack ?? ofSettings)
        const workers = nodes === undefined ? loaded.nodes.length : Number(nodes)
        if (!Number.isInteger(workers) || workers < 0 || workers > loaded.nodes.length)
          command.error(`error: --nodes is a whole number from 0 to ${loaded.nodes.length}, found "${nodes}"`)
        const { findLab, startLab } = await import('../targets/lab/lab.ts')
        const options = { cacheDir, name, workers }
        const running = await findLab(loaded, options)
        const { kubeconfig, context } =
          running ??
          (await interruptible((signal) => startLab(loaded, { ...options, persistent: true, say, signal })))
        say(`Lab ${name} ${running === undefined ? 'is ready' : 'is there already'}.`)
        say(`  export KUBECONFIG=${kubeconfig}   (context ${context})`)
      },
    )
  lab
    .command('down')
    .description('end a lab and remove all it left')
    .option(...NAME)
    .option('--all', 'every lab of this machine')
    .action(async ({ name, all = false }: { name: string; all?: boolean }) => {
      const { labs, stopLab } = await import('../targets/lab/lab.ts')
      const { cacheDir } = settings()
      const known = await labs()
      const meant = known
        .filter((one) => all || one.lab === name || one.owner === 'gone')
        .map((one) => one.lab)
      for (const one of meant) {
        await stopLab(cacheDir, one)
        say(`Ended lab ${one}.`)
      }
      if (!all && !meant.includes(name)) {
        await stopLab(cacheDir, name)
        say(`There is no lab ${name}.`)
      }
    })
  lab
    .command('status')
    .description('which labs there are; exit code 1 where none runs')
    .action(async () => {
      const { labs } = await import('../targets/lab/lab.ts')
      const { kubeconfigPath, readState } = await import('../targets/lab/lab-state.ts')
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
            `  rack ${state.rack}, ${state.nodes.length} workers, KUBECONFIG=${kubeconfigPath(cacheDir, one.lab)}`,
          )
      }
      exit(all.some(({ containers }) => containers.some(({ running }) => running)) ? 0 : 1)
    })
}

/** Ctrl-C ends a start in order: what was begun is removed. */
async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const over = new AbortController()
  const abort = (): void => over.abort()
  process.once('SIGINT', abort)
  process.once('SIGTERM', abort)
  try {
    return await work(over.signal)
  } finally {
    process.off('SIGINT', abort)
    process.off('SIGTERM', abort)
  }
}
