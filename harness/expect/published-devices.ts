/** The devices that a target's drivers publish, as a suite passes them to `expect`. */
import { readCompletePools } from '../claim/resource-pool-state.ts'
import type { ResourceSlice } from '../dra/objects.ts'
import { asClaimcheckError, type ErrorCode } from '../core/errors.ts'
import { probeTopology, type NodeTopology } from '../transfer/node-topology.ts'
import type { Target } from '../targets/target.ts'

/** The devices published by a running target, or recorded in a certificate. */
export interface PublishedDevices {
  readonly emulated: boolean
  nodes(): Promise<readonly string[]>
  slices(): Promise<readonly ResourceSlice[]>
  /** What the kernel of each node says, asked by a pod without claims. */
  kernels(): Promise<readonly NodeKernel[]>
}

export interface NodeKernel {
  readonly node: string
  readonly topology?: NodeTopology
  /** Why the node could not be asked. */
  readonly failure?: { readonly code: ErrorCode; readonly message: string }
}

export class LivePublishedDevices implements PublishedDevices {
  readonly target: Target

  constructor(target: Target) {
    this.target = target
  }

  get emulated(): boolean {
    return this.target.emulation !== undefined
  }

  nodes(): Promise<readonly string[]> {
    return this.target.nodes()
  }

  /** Waits for pools that are being published. */
  slices(): Promise<readonly ResourceSlice[]> {
    return readCompletePools(() => this.target.slices())
  }

  async kernels(): Promise<readonly NodeKernel[]> {
    const nodes = await this.target.nodes()
    return Promise.all(nodes.map((node) => this.#ask(node)))
  }

  async #ask(node: string): Promise<NodeKernel> {
    try {
      return { node, topology: await probeTopology(this.target, node) }
    } catch (error) {
      const { code, message } = asClaimcheckError(error)
      return { node, failure: { code, message } }
    }
  }
}
