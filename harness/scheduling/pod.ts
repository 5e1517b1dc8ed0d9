/** A pod with one resource claim: its specification, its states until its containers exit, and the limit of a wait. */
import type { Seconds } from '../core/units.ts'
import type { DeviceAllocation, ResourceClaim } from '../dra/objects.ts'

/** A container runs the transfer binary; `args` are its arguments. */
export interface ContainerSpec {
  readonly name: string
  readonly args: readonly string[]
  /** Environment variables that must not appear in the pod object: a cluster stores them in a Secret. */
  readonly secretEnv?: Readonly<Record<string, string>>
}

export interface PodSpec {
  readonly name: string
  /** Pods of one group never share a node. */
  readonly group: string
  /** Nodes on which the pod may run; absent: any. */
  readonly nodes?: readonly string[]
  /** Name of an applied ResourceClaimTemplate. The pod's claim is created from it and deleted with the pod. */
  readonly template: string
  readonly containers: readonly ContainerSpec[]
  /** The NUMA node of its buffers, where they are in host memory; emulated links depend on it. */
  readonly memoryNumaNode?: number
}

/** A pod that claims no devices. */
export type UnclaimedPodSpec = Omit<PodSpec, 'template'>

export interface ScheduledPod {
  readonly spec: PodSpec
  readonly node: string
  /** With its allocation. */
  readonly claim: ResourceClaim
}

export interface RunningPod extends ScheduledPod {
  /** The pod's address in the pod network. */
  readonly address: string
}

export interface ContainerExit {
  readonly code: number | null
  readonly signal: string | null
}

export interface ExecResult extends ContainerExit {
  readonly stdout: string
  readonly stderr: string
}

export interface Wait {
  readonly within: Seconds
  readonly signal?: AbortSignal | undefined
}

export const allocatedDevices = ({ claim }: ScheduledPod): readonly DeviceAllocation[] =>
  claim.status?.allocation?.devices.results ?? []
