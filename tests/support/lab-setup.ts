/** Global set-up: starts one lab for each Vitest worker, and provides the folders of the Kubernetes programs. */
import type { TestProject } from 'vitest/node'
import { readSettings } from '../../harness/core/variables.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { provideControlPlane } from '../../harness/targets/lab/image/node-image.ts'
import { startLab, type Lab } from '../../harness/targets/lab/lab.ts'

export type SharedLab = Pick<Lab, 'name' | 'kubeconfig' | 'context' | 'nodes'>

declare module 'vitest' {
  interface ProvidedContext {
    labs: readonly SharedLab[]
    /** Folders with etcd and the Kubernetes programs, for `PATH`. */
    programs: readonly string[]
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { cacheDir, rack } = readSettings({})
  project.provide('programs', await provideControlPlane(cacheDir, say))
  const starting = Array.from({ length: project.config.maxWorkers }, (_, worker) =>
    startLab(loadRack(rack), { cacheDir, name: `tests-${process.pid}-${worker + 1}`, say }),
  )
  const started = await Promise.allSettled(starting)
  const labs = started.flatMap((result): Lab[] => (result.status === 'fulfilled' ? [result.value] : []))
  const stop = async (): Promise<void> => {
    await Promise.all(labs.map((lab) => lab.stop()))
  }
  if (labs.length < started.length) {
    await stop()
    await Promise.all(starting)
  }
  const shared = labs.map(({ name, kubeconfig, context, nodes }) => ({ name, kubeconfig, context, nodes }))
  project.provide('labs', shared)
  return stop
}

const say = (line: string): void => void process.stderr.write(`${line}\n`)
