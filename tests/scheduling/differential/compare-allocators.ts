/**
 * Compares the emulated allocator with a real scheduler, and shrinks a case in which they disagree to a small one, as
 * YAML that can be replayed.
 */
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { parse, stringify } from 'yaml'
import type { Answer, Case } from './test-case.ts'
import { emulatedAnswer } from './emulated-allocator.ts'
import { cases } from './generate-case.ts'
import type { RealScheduler } from './kube-scheduler.ts'

const SHRINK_MS = 150_000

/**
 * Returns the allocator's answer if it disagrees with the scheduler's, otherwise undefined. The scheduler may prefer
 * another node than the first that fits; the allocator is then compared on that node, where it must choose the same
 * devices.
 */
export function disagreement(one: Case, theirs: Answer): Answer | undefined {
  if (theirs.kind === 'undecided') return undefined
  const ours = emulatedAnswer(one)
  if (ours.kind !== theirs.kind) return ours
  if (theirs.kind !== 'allocated') return undefined
  const there = emulatedAnswer(one, [theirs.node])
  return isDeepStrictEqual(there, theirs) ? undefined : there
}

/** Returns the smallest disagreement found within a time limit, as YAML. `index` is that of the case among the seed's. */
export async function shrunk(
  real: RealScheduler,
  lists: boolean,
  seed: number,
  index: number,
): Promise<string> {
  let smallest: object = {}
  const agrees = fc.asyncProperty(cases(lists), async (one) => {
    const [theirs] = await real.answers([one])
    const ours = theirs === undefined ? undefined : disagreement(one, theirs)
    if (ours !== undefined) smallest = { kubernetes: theirs, emulated: ours, case: one }
    return ours === undefined
  })
  const { counterexamplePath } = await fc.check(agrees, {
    seed,
    path: `${index}`,
    numRuns: 1,
    interruptAfterTimeLimit: SHRINK_MS,
  })
  return stringify({ seed, path: counterexamplePath, lists, ...smallest }, { aliasDuplicateObjects: false })
}

/** Reads the case from a file with the output of `shrunk`. */
export const replayed = (file: string): Case => (parse(readFileSync(file, 'utf8')) as { case: Case }).case
