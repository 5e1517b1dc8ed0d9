/** A program that runs as the container of a pod would, on one side of some rails. */
import type { Rails, Side } from './rails.ts'
import type { ScriptResult } from './vm.ts'

export interface PodOptions {
  /** RDMA devices that the pod has claimed; default: all of its side. */
  readonly claimed?: readonly string[]
  /** Character devices, where the RDMA devices cannot be asked for theirs. */
  readonly charDevices?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** In the image's folder of programs. Default: the transfer binary. */
  readonly program?: string
  /** Default: no limit. */
  readonly lockedKib?: number
}

export interface RunningPod {
  readonly ended: Promise<ScriptResult>
  /** Resolves once its stdout has `text`; false where it ended without. */
  prints(text: string): Promise<boolean>
  signal(name: 'KILL' | 'STOP' | 'CONT'): Promise<void>
  /** Gives its processors to other pods, if it polls only to reach a time limit. */
  yieldProcessor(): Promise<void>
}

const PROGRAMS = '/opt/claimcheck/bin'

/** Starts a program in a pod of one side. */
export function startPod(
  rails: Rails,
  side: Side,
  args: readonly string[],
  {
    claimed = rails.devices(side),
    charDevices,
    env = {},
    lockedKib,
    program = 'claimcheck-transfer',
  }: PodOptions = {},
): RunningPod {
  const namespace = rails.namespace(side)
  const variables = { ...env, ...(lockedKib === undefined ? {} : { LOCKED_KIB: String(lockedKib) }) }
  const exported = Object.entries(variables).map(([name, value]) => `export ${name}=${value}`)
  const files = charDevices?.join(' ') ?? `$(char_devices ${namespace} ${claimed.join(' ')})`
  const command = [`${PROGRAMS}/${program}`, ...args].join(' ')
  const { number, ended } = rails.vm.run(
    ['. /guest/lib', ...exported, `exec sh /guest/pod ${namespace} "${files}" ${command}`].join('\n'),
  )
  const out = `/run/${number}.out`
  return {
    ended,
    async prints(text) {
      const wait = `until grep -q '${text}' ${out}; do [ ! -e /run/${number}.code ] || exit 1; sleep 0.2; done`
      return (await rails.vm.run(wait).ended).code === 0
    },
    async signal(name) {
      await rails.sh(`signal_pod ${number} ${name}`)
    },
    async yieldProcessor() {
      await rails.sh(`yield_pod ${number}`)
    },
  }
}
