/** One lab for all tests of a run that need one, with the rack of the fixtures; and where its programs lie. */
import type { TestProject } from 'vitest/node'
import { readSettings } from '../../harness/core/variables.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { provideControlPlane } from '../../harness/target/lab/image/build.ts'
import { startLab, type Lab } from '../../harness/target/lab/lab.ts'

export interface SharedLab extends Pick<Lab, 'name' | 'kubeconfig' | 'context' | 'nodes'> {
  /** Folders of etcd and of Kubernetes' programs, for `PATH`. */
  readonly programs: readonly string[]
}

declare module 'vitest' {
  interface ProvidedContext {
    lab: SharedLab
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { cacheDir, rack } = readSettings({})
  const lab = await startLab(loadRack(rack), { cacheDir, name: `tests-${process.pid}`, say })
  const { name, kubeconfig, context, nodes } = lab
  try {
    const programs = await provideControlPlane(cacheDir, say)
    project.provide('lab', { name, kubeconfig, context, nodes, programs })
  } catch (error) {
    await lab.stop()
    throw error
  }
  return () => lab.stop()
}

const say = (line: string): void => void process.stderr.write(`${line}\n`)
