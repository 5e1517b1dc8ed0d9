/**
 * `claimcheck sweep`: removes leftovers of killed runs from this machine and from a cluster. On this machine, nothing that
 * belongs to a live run is touched. On a cluster that cannot be determined, so objects are removed after they expire, or
 * earlier after a confirmation.
 */
import { ClaimcheckError } from '../core/errors.ts'
import type { Binaries } from '../native/binaries.ts'
import type { Confirm } from './confirm.ts'
import type { StaleResource } from '../targets/stale-resource.ts'
import { unfinishedUnpacks } from './stale-folders.ts'
import { orphanProcesses } from './orphan-processes.ts'

export interface Sweep {
  readonly binaries: readonly Binaries[]
  readonly cacheDir: string
  /** Only prints what would be removed. */
  readonly dryRun: boolean
  readonly say: (line: string) => void
  /** Leftovers outside this machine, such as Namespaces of a cluster. */
  readonly others?: readonly StaleResource[]
  /** Also removes what has not expired. */
  readonly yes?: boolean
  /** Undefined without a terminal. */
  readonly ask?: Confirm | undefined
}

/** Removes everything possible; rejects with NOT_SWEPT, which lists what could not be removed. */
export async function sweep(options: Sweep): Promise<void> {
  const { binaries, cacheDir, dryRun, say, others = [] } = options
  const leftovers = [...(await orphanProcesses(binaries)), ...(await unfinishedUnpacks(cacheDir)), ...others]
  if (leftovers.length === 0) say('Nothing was left behind.')
  const failures: { readonly what: string; readonly cause: unknown }[] = []
  for (const leftover of leftovers) {
    const { what, remove } = leftover
    if (dryRun) {
      say(`Would remove ${what}${leftover.mayLive === true ? ' (after a confirmation)' : ''}`)
      continue
    }
    try {
      if (await isConfirmed(leftover, options)) {
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
    hint: 'Run `npx claimcheck sweep` as the user who created it, or as root.',
    cause: first.cause,
  })
}

/** Rejects with NOT_SWEPT when a confirmation is needed and there is no terminal. */
async function isConfirmed(
  { what, mayLive = false }: StaleResource,
  { yes = false, ask }: Sweep,
): Promise<boolean> {
  if (!mayLive || yes) return true
  if (ask !== undefined) return ask(`${what}: its run may still be alive. Remove it?`)
  throw new ClaimcheckError('NOT_SWEPT', {
    subject: what,
    problem: 'may belong to a live run, and there is no terminal to confirm its removal',
    hint: 'Wait until it expires, or run again with --yes.',
  })
}
