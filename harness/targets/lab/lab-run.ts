/**
 * Begins and ends a run in a lab. A running lab with the same rack is used and keeps running; otherwise a lab is started for
 * this run.
 */
import { ClaimcheckError } from '../../core/errors.ts'
import type { Settings } from '../../core/variables.ts'
import type { Rack } from '../../rack/rack.ts'
import { beginRun, endRun, type ClusterRun } from '../cluster/cluster-run.ts'
import { clusterPartsOf } from './cluster-parts.ts'
import { findRunningLab, startLab, type Lab } from './lab.ts'

export interface LabRun {
  readonly run: ClusterRun
  readonly end: () => Promise<void>
}

/** Rejects as `startLab` does, or with TARGET_UNAVAILABLE. Nothing is left if it rejects. */
export async function beginLabRun(
  { cacheDir, lab: name, ucx }: Settings,
  rack: Rack,
  say: (line: string) => void,
): Promise<LabRun> {
  const existing = await findRunningLab(rack, { cacheDir, name })
  if (existing === undefined && name !== undefined) throw notRunning(name, rack)
  const lab = existing ?? (await startForRun(rack, cacheDir, say))
  if (existing !== undefined) say(`Using the running lab ${existing.name}`)
  const endLab = (): Promise<void> => (existing === undefined ? lab.stop() : Promise.resolve())
  try {
    const run = await beginRun({ ...clusterPartsOf(lab), ucx: { ...rack.ucx, ...ucx } }, say)
    // The Namespace need not be removed from a lab that is removed itself.
    return { run, end: existing === undefined ? endLab : () => endRun(run) }
  } catch (error) {
    await endLab()
    throw error
  }
}

const notRunning = (name: string, rack: Rack): ClaimcheckError =>
  new ClaimcheckError('TARGET_UNAVAILABLE', {
    subject: `lab ${name}`,
    problem: `is not running with rack ${rack.name}`,
    hint: `Start it with \`npx claimcheck lab up --name ${name} --rack ${rack.path}\`, or unset CLAIMCHECK_LAB.`,
  })

/** Starts a lab; the signals that end a run abort it. */
async function startForRun(rack: Rack, cacheDir: string, say: (line: string) => void): Promise<Lab> {
  const interrupt = new AbortController()
  const onSignal = (name: NodeJS.Signals): void =>
    interrupt.abort(
      new ClaimcheckError('INTERRUPTED', { subject: 'lab', problem: `was interrupted by ${name}` }),
    )
  const signals = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const
  for (const name of signals) process.once(name, onSignal)
  try {
    return await startLab(rack, { cacheDir, name: `run-${process.pid}`, say, signal: interrupt.signal })
  } finally {
    for (const name of signals) process.off(name, onSignal)
  }
}
