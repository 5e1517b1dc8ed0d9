/** What a driver's nvidia-smi does to a run on this machine. A stand-in takes its place, so that the rows need no GPU. */
import type { HarnessFault } from './harness-fault.ts'

const HOST = { target: 'host' } as const
const HANGS = 'exec sleep 600'
const unavailable = { exits: [2, 3], codes: ['TARGET_UNAVAILABLE'] } as const

export const HOST_FAULTS: readonly HarnessFault[] = [
  ...(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const).map((signal): HarnessFault => ({
    ...HOST,
    phase: 'scheduling',
    fault: `${signal === 'SIGTERM' ? 'SIGTERM to the command' : `${signal} to the process group`}, nvidia-smi hangs`,
    nvidiaSmi: HANGS,
    disturb: (run) => (signal === 'SIGTERM' ? run.signal(signal) : run.signalGroup(signal)),
    exits: [4],
    codes: ['INTERRUPTED'],
  })),
  {
    ...HOST,
    phase: 'scheduling',
    fault: 'SIGKILL of the process group, nvidia-smi hangs',
    nvidiaSmi: HANGS,
    disturb: (run) => run.signalGroup('SIGKILL'),
    exits: ['SIGKILL'],
    codes: ['INTERRUPTED'],
  },
  { ...HOST, phase: 'from the start', fault: 'nvidia-smi hangs', nvidiaSmi: HANGS, ...unavailable },
  {
    ...HOST,
    phase: 'from the start',
    fault: 'nvidia-smi fails',
    nvidiaSmi:
      'echo "NVIDIA-SMI has failed because it couldn\'t communicate with the NVIDIA driver."; exit 9',
    ...unavailable,
  },
  {
    ...HOST,
    phase: 'from the start',
    fault: 'nvidia-smi prints without end',
    nvidiaSmi: 'exec yes',
    ...unavailable,
  },
]
