/** The lab of a Vitest worker. Each worker has one, because the tests of one file use all devices of a lab. */
import { inject } from 'vitest'
import type { SharedLab } from './lab-setup.ts'

export function sharedLab(): SharedLab {
  const labs = inject('labs')
  const worker = Number(process.env['VITEST_POOL_ID'])
  const lab = labs[worker - 1]
  if (lab === undefined) throw new Error(`worker ${worker} of ${labs.length} has no lab`)
  return lab
}
