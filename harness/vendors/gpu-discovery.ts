/** How the GPUs of the machine that claimcheck runs on are found, without Kubernetes. Each vendor has an implementation. */

export interface DiscoveredGpu {
  /** The number that the vendor's tools give it. */
  readonly index: number
  readonly uuid: string
  readonly productName: string
  /** Undefined where the driver does not report what it follows from. */
  readonly architecture: string | undefined
  /** As sysfs writes it: `0000:3b:00.0`. */
  readonly pciAddress: string
  /** Undefined where the GPU has no memory of its own, as with unified memory. */
  readonly memoryMiB: number | undefined
  /** The driver's version; undefined where it does not report one. */
  readonly driver: string | undefined
  /** CUDA's, where the vendor has such a number: `9.0`. */
  readonly computeCapability?: string | undefined
  /** The node of the CPUs near to it, as the vendor's tools state it; undefined where they do not. */
  readonly numaNode: number | undefined
  /** Nodes whose CPUs or memory the vendor's tools call near; the kernel's list of nodes with CPUs decides between them. */
  readonly numaAffinity: readonly number[]
  /** The NUMA node that the GPU's own memory is, as on Grace. */
  readonly memoryNumaNode: number | undefined
  /** Active links of the GPU to all other GPUs and switches; undefined where unknown. */
  readonly links: number | undefined
}

/** Active links between two GPUs, which are named by their place in the list of GPUs. */
export interface LinkPair {
  readonly between: readonly [number, number]
  readonly links: number
}

export interface DiscoveredGpus {
  readonly gpus: readonly DiscoveredGpu[]
  /** Pairs with links. Through a switch, every pair has as many as each of its GPUs. */
  readonly linkPairs: readonly LinkPair[]
  /** Whether links connect the GPUs directly, without a switch; undefined where there are none. */
  readonly wired: boolean | undefined
  /** What the driver warns of, as sentences. The GPUs can be used. */
  readonly warnings: readonly string[]
}

/** A process that uses a GPU. */
export interface GpuUser {
  readonly uuid: string
  readonly pid: number
  readonly program: string
  /** Undefined where the driver does not say. */
  readonly usedMiB: number | undefined
}

export interface GpuUsage {
  readonly users: readonly GpuUser[]
  /** Memory in use by GPU; undefined where the driver does not say. */
  readonly usedMiB: ReadonlyMap<string, number | undefined>
}

export interface GpuDiscovery {
  /** `sysfs`: `/sys`. Rejects with TARGET_UNAVAILABLE: no GPU or driver of this vendor, or a GPU that cannot be used. */
  find(sysfs: string): Promise<DiscoveredGpus>
  /** Rejects with TARGET_UNAVAILABLE where a GPU does not answer any more. */
  usage(sysfs: string): Promise<GpuUsage>
}
