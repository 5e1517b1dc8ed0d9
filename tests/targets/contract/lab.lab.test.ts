/** The cluster target fulfils the contract on real Kubernetes, in a lab. */
import { describe } from 'vitest'
import { labTarget } from '../../support/lab-target.ts'
import { runningContract } from './running-pods.ts'
import { schedulingContract } from './scheduling-pods.ts'

// Treated as real hardware, so that nothing is scaled.
const open = () => labTarget({ emulation: undefined })

describe('The lab:', () => {
  schedulingContract(open)
  runningContract(open, { programs: true })
})
