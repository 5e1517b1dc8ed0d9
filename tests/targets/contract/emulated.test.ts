/** The emulated target fulfils the contract in both of its runtimes. */
import { describe } from 'vitest'
import { rackTarget, RUNTIMES } from '../../support/emulated-target.ts'
import { runningContract } from './running-pods.ts'
import { schedulingContract } from './scheduling-pods.ts'

describe.for(RUNTIMES)('Emulated, in the %s runtime:', (runtime) => {
  schedulingContract(() => rackTarget(runtime))
  runningContract(() => rackTarget(runtime), { programs: runtime === 'process' })
})
