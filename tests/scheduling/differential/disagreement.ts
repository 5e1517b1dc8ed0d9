/**
 * Holds the emulated allocator against a real scheduler. Takes a case and the scheduler's answer; gives nothing where
 * they agree, else what the allocator says. And a case that they disagree on made small, as YAML that can be replayed.
 */
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { parse, stringify } from 'yaml'
import type { Answer, Case } from './case.ts'
import { emulatedAnswer } from './emulated.ts'
import { cases } from './generator.ts'
import type { RealScheduler } from './scheduler.ts'

const SHRINK_MS = 150_000

/**
 * Both say yes or both say no. The scheduler may prefer another node than the first that fits; on that node the
 * allocator has to choose the same devices, which covers the case where there is only one choice.
 */
export function disagreement(one: Case, theirs: Answer): Answer | undefined {
  const ours = emulatedAnswer(one)
  if (ours.kind !== theirs.kind) return ours
  if (theirs.kind !== 'allocated') return undefined
  const there = emulatedAnswer(one, [theirs.node])
  return isDeepStrictEqual(there, theirs) ? undefined : there
}

/** The case as text, the smallest that was found in the time there is. `index` is its place among those of the seed. */
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

/** The case of a text that `shrunk` gave. */
export const replayed = (file: string): Case => (parse(readFileSync(file, 'utf8')) as { case: Case }).case
