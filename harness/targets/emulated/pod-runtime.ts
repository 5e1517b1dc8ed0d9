/**
 * Runs the pods of an emulated rack, as processes in namespaces or computed by a model. Errors are ClaimcheckErrors; every
 * call ends within its deadline.
 */
import type { ContainerExit, ExecResult, Wait } from '../../scheduling/pod.ts'
import type { PodPlan } from '../../emulation/pod-plan.ts'

export interface PodRuntime {
  start(pod: PodPlan, wait: Wait): Promise<void>
  log(pod: string, container: string, signal?: AbortSignal): AsyncIterable<string>
  exit(pod: string, container: string, wait: Wait): Promise<ContainerExit>
  exec(pod: string, container: string, args: readonly string[], wait: Wait): Promise<ExecResult>
  /** Stops the pod gracefully and resolves once it is gone. Idempotent. */
  stop(pod: string, wait: Wait): Promise<void>
  /** Counters and states for a diagnosis. */
  inspect(): Promise<Readonly<Record<string, unknown>>>
  close(): Promise<void>
}
