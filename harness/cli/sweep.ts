/**
 * What killed runs left, on this machine and on the cluster that the settings name. Takes where to look; says what it found and
 * removes it. What is on this machine and belongs to a run that is alive is not touched; a cluster cannot tell, so there the
 * expiry decides, and before it a person.
 */
import { ClaimcheckError } from '../core/errors.ts'
import type { Binaries } from '../native/build-binaries.ts'
import type { Confirm } from './confirm.ts'
import type { StaleResource } from './leftover.ts'
import { unfinishedUnpacks } from './stale-folders.ts'
import { orphanProcesses } from './orphan-processes.ts'

export interface Sweep {
  readonly binaries: Binaries
  readonly cacheDir: string
  /** Says what there is and removes nothing. */
  readonly dryRun: boolean
  readonly say: (line: string) => void
  /** On a cluster. */
  readonly others?: readonly StaleResource[]
  /** Removes what has not expired too. */
  readonly yes?: boolean
  /** Absent where nobody can be asked. */
  readonly ask?: Confirm | undefined
}

/** Removes all it can; rejects with NOT_SWEPT, naming what stayed. */
export async function sweep(how: Sweep): Promise<void> {
  const { binaries, cacheDir, dryRun, say, others = [] } = how
  const leftovers = [...(await orphanProcesses(binaries)), ...(await unfinishedUnpacks(cacheDir)), ...others]
  if (leftovers.length === 0) say('Nothing was left behind.')
  const failures: { readonly what: string; readonly cause: unknown }[] = []
  for (const leftover of leftovers) {
    const { what, remove } = leftover
    if (dryRun) {
      say(`Would remove ${what}${leftover.mayLive === true ? ' (not without asking)' : ''}`)
      continue
    }
    try {
      if (await mayGo(leftover, how)) {
        await remove()
        say(`Removed ${what}`)
      } else say(`Kept ${what}`)
    } catch (cause) {
      failures.push({ what, cause })
    }
  }
  const [first] = failures
  if (first === undefined) return
  throw new ClaimcheckError('NOT_SWEPT', {
    subject: failures.map(({ what }) => what).join('; '),
    problem: 'could not be removed',
    found: first.cause instanceof Error ? first.cause.message : String(first.cause),
    hint: 'Run `npx claimcheck sweep` as the user who made it, or as root.',
    cause: first.cause,
  })
}

/** Rejects with NOT_SWEPT where somebody should be asked and nobody can be. */
async function mayGo(
  { what, mayLive = false }: StaleResource,
  { yes = false, ask }: Sweep,
): Promise<boolean> {
  if (!mayLive || yes) return true
  if (ask !== undefined) return ask(`${what}: its run may still be alive. Remove it?`)
  throw new ClaimcheckError('NOT_SWEPT', {
    subject: what,
    problem: 'may belong to a run that is alive, and there is no terminal to ask on',
    hint: 'Wait for its expiry, or run again with --yes.',
  })
}
