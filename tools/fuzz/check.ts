/** Runs one fuzz target and reports the smallest input that ends in anything but a ClaimcheckError. */
import * as fc from 'fast-check'
import { ClaimcheckError } from '../../harness/core/errors.ts'
import { hostileText } from './mutations.ts'
import type { FuzzTarget } from './targets.ts'

/** Bounds of a campaign; without a time it ends after the runs. */
export interface Campaign {
  readonly runs?: number
  readonly seconds?: number
}

/** Resolves with the number of inputs tried. Rejects with a finding, its seed and its smallest input. */
export async function fuzz({ seeds, run }: FuzzTarget, { runs, seconds }: Campaign): Promise<number> {
  let count = 0
  const property = fc.asyncProperty(hostileText(seeds), async (text) => {
    count++
    try {
      await run(text)
    } catch (error) {
      if (!(error instanceof ClaimcheckError)) throw error
    }
  })
  await fc.assert(property, {
    numRuns: runs ?? Number.MAX_SAFE_INTEGER,
    ...(seconds === undefined
      ? {}
      : { interruptAfterTimeLimit: seconds * 1000, markInterruptAsFailure: false }),
  })
  return count
}
