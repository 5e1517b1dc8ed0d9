/** A test on real RDMA verbs. The tests of a worker share one virtual machine; what it printed is kept where a test fails. */
import { cp } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { inject, test as base } from 'vitest'
import { RailsOfVm } from '../support/verbs-vm/rails-of-vm.ts'
import type { NamespaceMode, Rails } from '../support/verbs-vm/rails.ts'
import { startVm } from '../support/verbs-vm/vm.ts'

const KEPT = join(import.meta.dirname, '..', '..', 'reports', 'verbs-vm')

export const test = base
  .extend('vm', { scope: 'worker' }, async ({}, { onCleanup }) => {
    const vm = await startVm(inject('vmImage'))
    onCleanup(() => vm.stop())
    return vm
  })
  .extend('railsOfVm', { scope: 'worker' }, ({ vm }) => new RailsOfVm(vm))
  .extend('keptOnFailure', { auto: true }, ({ vm, task }, { onCleanup }) => {
    onCleanup(async () => {
      if (task.result?.state !== 'fail') return
      await cp(vm.folder, join(KEPT, basename(vm.folder)), {
        recursive: true,
        filter: (path) => !path.endsWith('port'),
      })
      process.stderr.write(`The console of the virtual machine and its scripts are in ${KEPT}\n`)
    })
    return KEPT
  })
  /**
   * Takes some of the four rails for this test alone; tests run at the same time. A test that changes one restores it in
   * `onTestFinished`, which runs before the rails are released.
   */
  .extend('takeRails', ({ railsOfVm, onTestFinished }) => {
    return async (count: number, mode: NamespaceMode = 'shared'): Promise<Rails> => {
      const { rails, release } = await railsOfVm.take(count, mode)
      onTestFinished(release)
      return rails
    }
  })
