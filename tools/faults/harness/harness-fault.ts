/** One row of the fault matrix: what happens to a real run, when, and how the run has to end. */
import type { Fault } from '../../../tests/support/fault-injecting-proxy.ts'
import type { ObservedRun } from './observed-run.ts'

/**
 * `host` is this machine with a stand-in for nvidia-smi. `cluster` is a real control plane behind a proxy, with nodes whose kubelets are simulated: pods become Running and print
 * a recorded log.
 */
export type FaultTarget = 'model' | 'process' | 'host' | 'cluster'

/** `running`: pods run, and on target `process` transfers; a model has no pods, so its run is between its first and last line. */
export type Phase = 'from the start' | 'starting' | 'scheduling' | 'running' | 'releasing' | 'writing reports'

export interface HarnessFault {
  readonly target: FaultTarget
  readonly fault: string
  readonly phase: Phase
  /** What the command runs under: `prlimit` with options, or a shell that mounts something. */
  readonly under?: readonly string[]
  readonly variables?: Readonly<Record<string, string>>
  /** The shell script that takes the place of nvidia-smi. */
  readonly nvidiaSmi?: string
  /** Called once, when the run has reached the phase. */
  readonly disturb?: (run: ObservedRun) => void | Promise<void>
  /** What the API server answers from the phase on; one is made for each run. */
  readonly api?: () => Fault
  /** Exit codes of `claimcheck run`, and signals that may end it. */
  readonly exits: readonly (number | NodeJS.Signals)[]
  /** One of these codes is in the reports, or in the output where there are none; `passed`: the run passes all the same. */
  readonly codes: readonly string[]
  /** Whether the run cannot clean up the cluster, so that `claimcheck sweep` has to. */
  readonly swept?: boolean
}

/** Unique in the matrix. */
export const titleOf = ({ target, fault, phase }: HarnessFault): string => `${target}, ${phase}: ${fault}`
