/**
 * A run in a lab, from before its first test to after its last. Takes settings and the rack; gives what workers need of a lab
 * that was up already, which stays up, or of one of this run's own, which goes with it.
 */
import type { Settings } from '../../core/variables.ts'
import { ClaimcheckError } from '../../core/errors.ts'
import type { Rack } from '../../rack/rack.ts'
import type { ClusterRun } from '../cluster/cluster-target.ts'
import { endRun } from '../cluster/run.ts'
import { namespaceOf, newRunId } from '../cluster/run-namespace.ts'
import { findLab, startLab, type Lab } from './lab.ts'

export const LAB_IMAGE = 'claimcheck.dev/transfer:lab'
/** Its nodes share the cores of one machine, so pods ask for next to nothing. */
export const LAB_RESOURCES = { cpu: '50m', memory: '512Mi' }

export interface LabRun {
  readonly run: ClusterRun
  end(): Promise<void>
}

/** Rejects with what keeps a lab from starting; then nothing is left of it. */
export async function beginLabRun(
  { cacheDir, lab: name }: Settings,
  rack: Rack,
  say: (line: string) => void,
): Promise<LabRun> {
  const found = await findLab(rack, { cacheDir, ...(name === undefined ? {} : { name }) })
  if (found === undefined && name !== undefined) {
    throw new ClaimcheckError('LAB_UNAVAILABLE', {
      subject: `CLAIMCHECK_LAB=${name}`,
      problem: `names no lab of rack ${rack.name} that is up`,
      hint: `Run \`npx claimcheck lab up --name ${name}\`, or unset CLAIMCHECK_LAB: the run then starts one of its own.`,
    })
  }
  const own =
    found === undefined ? await startLab(rack, { cacheDir, name: `run-${newRunId()}`, say }) : undefined
  const lab = (found ?? own) as Lab
  const run = runIn(lab)
  say(
    `Namespace ${namespaceOf(run.runId)} in lab ${lab.name}${found === undefined ? '' : ', which stays up'}`,
  )
  return {
    run,
    end: async () => {
      // What is in a lab of its own goes with it.
      if (own === undefined) await endRun(run)
      else await own.stop()
    },
  }
}

function runIn({ kubeconfig, context, emulation }: Lab): ClusterRun {
  return {
    kind: 'lab',
    connection: { kubeconfig: [kubeconfig], context },
    emulation,
    delivery: { kind: 'image', image: LAB_IMAGE },
    resources: LAB_RESOURCES,
    runId: newRunId(),
    namespaceLives: 'run',
  }
}
