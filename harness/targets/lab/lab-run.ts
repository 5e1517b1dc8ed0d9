/**
 * A run in a lab, from before its first test to after its last. Takes settings and a rack; gives what workers need and what
 * ends it. A lab of that rack which is up already is used and left as it was; else one is started for this run alone.
 */
import { ClaimcheckError } from '../../core/errors.ts'
import type { Settings } from '../../core/variables.ts'
import type { Rack } from '../../rack/rack.ts'
import type { ClusterRun } from '../cluster/cluster-target.ts'
import { beginRun, endRun } from '../cluster/cluster-run.ts'
import { TRANSFER_IMAGE } from './image/workload-images.ts'
import { findRunningLab, startLab, type Lab } from './lab.ts'

export interface LabRun {
  readonly run: ClusterRun
  readonly end: () => Promise<void>
}

/** All pods of a rack share the cores of one machine; a request would only keep them from being scheduled. */
const RESOURCES = { cpu: '10m', memory: '1Gi' }

/** Rejects as `startLab` does; then nothing is left. */
export async function beginLabRun(
  { cacheDir, lab: name }: Settings,
  rack: Rack,
  say: (line: string) => void,
): Promise<LabRun> {
  const standing = await findRunningLab(rack, { cacheDir, name })
  if (standing === undefined && name !== undefined) throw notUp(name, rack)
  const lab = standing ?? (await startForRun(rack, cacheDir, say))
  if (standing !== undefined) say(`Using lab ${standing.name}, which is up`)
  const endLab = (): Promise<void> => (standing === undefined ? lab.stop() : Promise.resolve())
  try {
    const run = await beginRun(clusterPartsOf(lab), say)
    // What is in a lab of its own goes with it.
    return { run, end: standing === undefined ? endLab : () => endRun(run) }
  } catch (error) {
    await endLab()
    throw error
  }
}

/** What the cluster target needs to know of a lab. */
export const clusterPartsOf = ({ kubeconfig, context, emulation, nodes }: Lab) => ({
  kind: 'lab' as const,
  connection: { kubeconfig: [kubeconfig], context },
  emulation,
  delivery: { kind: 'image' as const, image: TRANSFER_IMAGE },
  resources: RESOURCES,
  nodes,
})

const notUp = (name: string, rack: Rack): ClaimcheckError =>
  new ClaimcheckError('TARGET_UNAVAILABLE', {
    subject: `lab ${name}`,
    problem: `is not up with rack ${rack.name}`,
    hint: `Start it with \`npx claimcheck lab up --name ${name} --rack ${rack.path}\`, or unset CLAIMCHECK_LAB.`,
  })

/** Ctrl-C while it starts ends it at once. */
async function startForRun(rack: Rack, cacheDir: string, say: (line: string) => void): Promise<Lab> {
  const interrupt = new AbortController()
  const onSignal = (name: NodeJS.Signals): void =>
    interrupt.abort(
      new ClaimcheckError('INTERRUPTED', { subject: 'lab', problem: `was interrupted by ${name}` }),
    )
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const name of signals) process.once(name, onSignal)
  try {
    return await startLab(rack, { cacheDir, name: `run-${process.pid}`, say, signal: interrupt.signal })
  } finally {
    for (const name of signals) process.off(name, onSignal)
  }
}
