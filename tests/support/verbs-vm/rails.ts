/**
 * Two network namespaces in the virtual machine, as two nodes' pods have them, with rails between them: pairs of veth
 * interfaces that each have a Soft-RoCE device. The initiator's side is called left, the target's right.
 */
import type { ScriptResult, Vm } from './vm.ts'

export type Side = 'left' | 'right'

/** Of the RDMA subsystem: whether a network namespace sees every device, the kernel's default, or its own. */
export type NamespaceMode = 'shared' | 'exclusive'

export class Rails {
  readonly vm: Vm
  readonly count: number
  readonly #number: number

  private constructor(vm: Vm, count: number, number: number) {
    this.vm = vm
    this.count = count
    this.#number = number
  }

  /** `number` tells apart what is laid in one virtual machine, one after the other. */
  static async lay(vm: Vm, count: number, number: number, mode: NamespaceMode): Promise<Rails> {
    const rails = new Rails(vm, count, number)
    await rails.sh(
      `namespace_mode ${mode}\nlay_rails ${count} ${rails.namespace('left')} ${rails.namespace('right')}`,
    )
    return rails
  }

  namespace(side: Side): string {
    return `${side}${this.#number}`
  }

  /** The name of the RDMA device at one end of a rail. */
  device(side: Side, rail: number): string {
    return `${this.namespace(side)}_rxe${rail}`
  }

  devices(side: Side): readonly string[] {
    return Array.from({ length: this.count }, (_, rail) => this.device(side, rail))
  }

  /** The address on the pod network. */
  address(side: Side): string {
    return side === 'left' ? '10.1.0.1' : '10.1.0.2'
  }

  /** Runs a script of the guest's library; rejects where it fails. Returns its stdout. */
  async sh(script: string): Promise<string> {
    const { code, stdout, stderr } = await this.vm.run(`set -e\n. /guest/lib\n${script}`).ended
    if (code !== 0) throw new Error(`${script} ended with ${code} in the virtual machine: ${stderr}`)
    return stdout
  }

  /** Runs a command in the network namespace of a side, as on its node: `ip`, `tc`, `rdma`. */
  onNode(side: Side, command: string): Promise<string> {
    return this.sh(`/sbin/ip netns exec ${this.namespace(side)} ${command}`)
  }

  async remove(): Promise<void> {
    await this.sh(`remove_rails ${this.namespace('left')} ${this.namespace('right')}`)
  }
}

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
      const wait = `until grep -q '${text}' ${out}; do [ ! -e /run/${number}.code ] || exit 1; sleep 1; done`
      return (await rails.vm.run(wait).ended).code === 0
    },
    async signal(name) {
      await rails.sh(`signal_pod ${number} ${name}`)
    },
  }
}
