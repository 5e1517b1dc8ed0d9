/**
 * Two network namespaces in the virtual machine, as two nodes' pods have them, with rails between them: pairs of veth
 * interfaces that each have a Soft-RoCE device. The initiator's side is called left, the target's right.
 */
import type { Vm } from './vm.ts'

export type Side = 'left' | 'right'

/** Of the RDMA subsystem: whether a network namespace sees every device, the kernel's default, or its own. */
export type NamespaceMode = 'shared' | 'exclusive'

/** The target of the first rail listens on this port of the pod network; the others on those that follow. */
const FIRST_PORT = 5555

/** Some or all of the rails between the two namespaces. A rail is named by its index among these. */
export class Rails {
  readonly vm: Vm
  readonly count: number
  readonly #pair: number
  readonly #numbers: readonly number[]

  private constructor(vm: Vm, pair: number, numbers: readonly number[]) {
    this.vm = vm
    this.count = numbers.length
    this.#pair = pair
    this.#numbers = numbers
  }

  /** Makes the namespaces and `count` rails. `pair` distinguishes the pairs of namespaces of one virtual machine. */
  static async lay(vm: Vm, count: number, pair: number, mode: NamespaceMode): Promise<Rails> {
    const rails = new Rails(vm, pair, [...Array(count).keys()])
    await rails.sh(
      `namespace_mode ${mode}\nlay_rails ${count} ${rails.namespace('left')} ${rails.namespace('right')}`,
    )
    return rails
  }

  /** Those at these indices, between the same namespaces. */
  only(indices: readonly number[]): Rails {
    return new Rails(
      this.vm,
      this.#pair,
      indices.map((index) => this.#number(index)),
    )
  }

  namespace(side: Side): string {
    return `${side}${this.#pair}`
  }

  /** The name of the RDMA device at one end of a rail. */
  device(side: Side, rail: number): string {
    return `${this.namespace(side)}_rxe${this.#number(rail)}`
  }

  /** The name of a rail's interface, the same at both ends. */
  interface(rail: number): string {
    return `nic${this.#number(rail)}`
  }

  devices(side: Side): readonly string[] {
    return this.#numbers.map((_, rail) => this.device(side, rail))
  }

  /** The address of a side on the pod network or, with `rail`, of that rail's interface. */
  address(side: Side, rail?: number): string {
    const network = rail === undefined ? '10.1.0' : `10.0.${this.#number(rail)}`
    return `${network}.${side === 'left' ? 1 : 2}`
  }

  /** Where a target that claims these rails listens; no target of other rails listens there. */
  get port(): number {
    return FIRST_PORT + this.#number(0)
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

  /** Removes the namespaces with all of their rails. */
  async remove(): Promise<void> {
    await this.sh(`remove_rails ${this.namespace('left')} ${this.namespace('right')}`)
  }

  #number(rail: number): number {
    const number = this.#numbers[rail]
    if (number === undefined) throw new Error(`there is no rail ${rail} among ${this.count}`)
    return number
  }
}
