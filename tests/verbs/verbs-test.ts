/** A test on real RDMA verbs. All of a run share one virtual machine; what it printed is kept where a test fails. */
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { inject, test as base } from 'vitest'
import { Rails, type NamespaceMode } from '../support/verbs-vm/rails.ts'
import { startVm } from '../support/verbs-vm/vm.ts'

const KEPT = join(import.meta.dirname, '..', '..', 'reports', 'verbs-vm')
let laid = 0

export const test = base
  .extend('vm', { scope: 'worker' }, async ({}, { onCleanup }) => {
    const vm = await startVm(inject('vmImage'))
    onCleanup(() => vm.stop())
    return vm
  })
  /** Lays rails that are removed after the test. */
  .extend('layRails', ({ vm, task }, { onCleanup }) => {
    const all: Rails[] = []
    onCleanup(async () => {
      for (const rails of all) await rails.remove()
      if (task.result?.state !== 'fail') return
      await cp(vm.folder, KEPT, { recursive: true, filter: (path) => !path.endsWith('port') })
      process.stderr.write(`The console of the virtual machine and its scripts are in ${KEPT}\n`)
    })
    return async (count: number, mode: NamespaceMode = 'shared'): Promise<Rails> => {
      const rails = await Rails.lay(vm, count, ++laid, mode)
      all.push(rails)
      return rails
    }
  })
