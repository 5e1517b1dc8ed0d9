/**
 * The interface of a target, which runs pods with resource claims. It is independent of transfers and verdicts. Every wait
 * has a deadline and rejects with a ClaimcheckError that names the object and its last state.
 */
import type { DeviceClass, ResourceClaimTemplate, ResourceSlice } from '../dra/objects.ts'
import type { ContainerExit, ExecResult, PodSpec, RunningPod, ScheduledPod, Wait } from '../scheduling/pod.ts'

export type TargetKind = 'emulated' | 'lab' | 'cluster' | 'host'

/** Describes the emulation of a target without real hardware. */
export interface Emulation {
  readonly rack: string
  /** As text: `nic-slow on node-a/mlx5_1`. */
  readonly faults: readonly string[]
  /** Rates and sizes are divided by this while bytes move. */
  readonly scale: number
  /** `vm`: pods run in virtual machines, whose NICs have Soft-RoCE devices. */
  readonly runtime: 'process' | 'model' | 'vm'
  readonly transfer: { readonly iters: number; readonly warmupIters: number }
}

/** Whether the pods' NICs are RDMA devices of a kernel, real or virtual; elsewhere interfaces stand for them. */
export const hasRdmaDevices = (emulation: { readonly runtime: string } | undefined): boolean =>
  emulation === undefined || emulation.runtime === 'vm'

/** Objects, last states and logs related to a subject, limited in size, for reports of failures. */
export type Diagnosis = Readonly<Record<string, unknown>>

export interface ExcludedNode {
  readonly node: string
  /** `cordoned`, `not ready` */
  readonly why: string
}

export interface Target {
  readonly kind: TargetKind
  readonly emulation: Emulation | undefined
  nodes(): Promise<readonly string[]>
  /** Nodes that publish devices and are not used, with the reason; absent: there are none. */
  excludedNodes?(): Promise<readonly ExcludedNode[]>
  slices(): Promise<readonly ResourceSlice[]>
  /** The DeviceClasses of the cluster, among which a request finds the one of its driver. */
  deviceClasses(): Promise<readonly DeviceClass[]>
  apply(template: ResourceClaimTemplate): Promise<void>
  /** Creates the pod and its claim and resolves once both are scheduled. Rejects with CLAIM_UNSATISFIABLE and the reason. */
  schedule(pod: PodSpec, wait: Wait): Promise<ScheduledPod>
  /** Resolves once the process of every container is running. */
  run(pod: ScheduledPod, wait: Wait): Promise<RunningPod>
  /** The container's stdout line by line from its start; ends when the container has ended. */
  log(pod: RunningPod, container: string, signal?: AbortSignal): AsyncIterable<string>
  exit(pod: RunningPod, container: string, wait: Wait): Promise<ContainerExit>
  /** Runs the transfer binary in the container, with its devices and network. */
  exec(pod: RunningPod, container: string, args: readonly string[], wait: Wait): Promise<ExecResult>
  /**
   * Runs the transfer binary to its end in an unprivileged pod without claims on `node`, and removes the pod. The pod sees the
   * node's /sys, and no device.
   */
  probe(node: string, args: readonly string[], wait: Wait): Promise<ExecResult>
  /** Deletes pods gracefully. Resolves once pods and claims are gone and every device is free again. Idempotent. */
  release(pods: readonly ScheduledPod[], wait: Wait): Promise<void>
  diagnose(subject: string): Promise<Diagnosis>
  /** Releases all pods that are left, in any state. Idempotent. */
  close(): Promise<void>
}
