/** The labs of a run of tests: one a worker, since tests of one file take all devices of a lab for themselves. */
import { inject } from 'vitest'
import type { SharedLab } from './lab-setup.ts'

/** That of this worker. */
export function sharedLab(): SharedLab {
  const labs = inject('labs')
  const worker = Number(process.env['VITEST_POOL_ID'])
  const lab = labs[worker - 1]
  if (lab === undefined) throw new Error(`worker ${worker} of ${labs.length} has no lab`)
  return lab
}
