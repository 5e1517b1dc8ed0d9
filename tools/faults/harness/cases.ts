/** The fault matrix of the harness: signals, dying processes, missing resources, the API and the network. */
import type { HarnessFault, Phase } from './harness-fault.ts'
import { API_FAULTS } from './api-faults.ts'
import { HOST_FAULTS } from './host-faults.ts'
import { PROCESS_FAULTS } from './process-faults.ts'
import { RESOURCE_FAULTS } from './resource-faults.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const
const PHASES = {
  model: ['starting', 'running', 'writing reports'],
  process: ['scheduling', 'running', 'releasing', 'writing reports'],
  cluster: ['scheduling', 'running', 'releasing', 'writing reports'],
} as const

/** Ctrl-C, Ctrl-\ and a closed terminal reach every process of the run; `kill` reaches the command alone. */
const signalFaults: readonly HarnessFault[] = (Object.keys(PHASES) as (keyof typeof PHASES)[]).flatMap(
  (target) =>
    PHASES[target].flatMap((phase) =>
      SIGNALS.map((signal): HarnessFault => ({
        target,
        phase,
        fault: signal === 'SIGTERM' ? 'SIGTERM to the command' : `${signal} to the process group`,
        disturb: (run) => (signal === 'SIGTERM' ? run.signal(signal) : run.signalGroup(signal)),
        ...endOf(phase, signal),
      })),
    ),
)

function endOf(phase: Phase, signal: NodeJS.Signals): Pick<HarnessFault, 'exits' | 'codes'> {
  // Node ends by the signal itself as long as no handler is installed.
  if (phase === 'starting') return { exits: [4, signal], codes: ['INTERRUPTED', 'none'] }
  // The verdicts may stand already.
  if (phase === 'writing reports') return { exits: [4, 0], codes: ['INTERRUPTED', 'passed'] }
  return { exits: [4], codes: ['INTERRUPTED'] }
}

export const HARNESS_FAULTS: readonly HarnessFault[] = [
  ...signalFaults,
  ...PROCESS_FAULTS,
  ...RESOURCE_FAULTS,
  ...HOST_FAULTS,
  ...API_FAULTS,
]
