/** One lab for all tests of a run that need one, with the rack of the fixtures; or why there is none. */
import type { TestProject } from 'vitest/node'
import { ClaimcheckError } from '../../harness/core/errors.ts'
import { readSettings } from '../../harness/core/variables.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { startLab, type Lab } from '../../harness/target/lab/lab.ts'

export type ProvidedLab = Pick<Lab, 'name' | 'kubeconfig' | 'context' | 'nodes'>

export type SharedLab = ProvidedLab | { readonly unavailable: string }

declare module 'vitest' {
  interface ProvidedContext {
    lab: SharedLab
  }
}

/** Without Docker the tests are skipped and the run says so; where LAB=required, as in CI, it fails. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const { cacheDir, rack } = readSettings({})
  try {
    const lab = await startLab(loadRack(rack), { cacheDir, name: `tests-${process.pid}`, say })
    const { name, kubeconfig, context, nodes } = lab
    project.provide('lab', { name, kubeconfig, context, nodes })
    return () => lab.stop()
  } catch (error) {
    const absent = error instanceof ClaimcheckError && error.code === 'LAB_UNAVAILABLE'
    if (!absent || process.env['LAB'] === 'required') throw error
    project.provide('lab', { unavailable: `no lab: ${error.message}` })
    return undefined
  }
}

const say = (line: string): void => void process.stderr.write(`${line}\n`)
