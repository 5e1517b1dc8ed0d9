/**
 * How an emulated pod runs: as processes in namespaces, or computed. Takes a plan; gives logs, exits and command results.
 * Errors are ClaimcheckErrors; every call ends within its limit or rejects.
 */
import type { ContainerExit, ExecResult, Wait } from '../../scheduling/pod.ts'
import type { PodPlan } from '../../emulation/pod-plan.ts'

export interface PodRuntime {
  start(pod: PodPlan, wait: Wait): Promise<void>
  log(pod: string, container: string, signal?: AbortSignal): AsyncIterable<string>
  exit(pod: string, container: string, wait: Wait): Promise<ContainerExit>
  exec(pod: string, container: string, args: readonly string[], wait: Wait): Promise<ExecResult>
  /** Ends the pod gracefully and resolves once nothing of it is left. Idempotent. */
  stop(pod: string, wait: Wait): Promise<void>
  /** Counters and states for a diagnosis. */
  inspect(): Promise<Readonly<Record<string, unknown>>>
  close(): Promise<void>
}
