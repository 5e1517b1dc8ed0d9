/** Processes of a run that are killed, and output that nobody reads. */
import type { HarnessFault } from './harness-fault.ts'
import type { ObservedRun } from './observed-run.ts'

function killOne(run: ObservedRun, program: string, which: number): void {
  const victim = run.running(program)[which]
  if (victim === undefined) throw new Error(`the run has no process ${which} of ${program}`)
  process.kill(victim.pid, 'SIGKILL')
}

/** The command, Vitest and its worker, in this order. */
const [VITEST, WORKER] = [1, 2]

const interrupted = { exits: [4], codes: ['INTERRUPTED'] }
const whileRunning = { phase: 'running' } as const

export const PROCESS_FAULTS: readonly HarnessFault[] = [
  {
    ...whileRunning,
    target: 'process',
    fault: 'SIGKILL of a transfer',
    disturb: (run) => killOne(run, 'claimcheck-transfer', 0),
    exits: [3],
    codes: ['RESULT_MISSING', 'TRANSFER_FAILED', 'POD_FAILED', 'CONNECTION_BROKEN'],
  },
  {
    ...whileRunning,
    target: 'process',
    fault: 'SIGKILL of the node agent',
    disturb: (run) => killOne(run, 'claimcheck-node', 0),
    exits: [3],
    codes: ['NODE_AGENT_FAILED', 'RESULT_MISSING'],
  },
  ...(['process', 'cluster'] as const).flatMap((target): HarnessFault[] => [
    {
      ...whileRunning,
      target,
      fault: 'SIGKILL of the worker',
      disturb: (run) => killOne(run, 'node', WORKER),
      exits: [2, 3],
      codes: ['SUITE_ERROR', 'INTERNAL'],
    },
    {
      ...whileRunning,
      target,
      fault: 'SIGKILL of Vitest',
      disturb: (run) => killOne(run, 'node', VITEST),
      ...interrupted,
      swept: target === 'cluster',
    },
    {
      ...whileRunning,
      target,
      fault: 'SIGKILL of the process group',
      disturb: (run) => run.signalGroup('SIGKILL'),
      exits: ['SIGKILL'],
      codes: ['INTERRUPTED'],
      swept: target === 'cluster',
    },
    {
      ...whileRunning,
      target,
      fault: 'closed pipe, then SIGTERM',
      disturb: (run) => {
        run.closePipes()
        run.signal('SIGTERM')
      },
      ...interrupted,
    },
  ]),
  {
    target: 'process',
    phase: 'scheduling',
    fault: 'closed pipe',
    disturb: (run) => run.closePipes(),
    exits: [0],
    codes: ['passed'],
  },
]
