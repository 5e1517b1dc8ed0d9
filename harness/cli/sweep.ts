/**
 * What killed runs left on this machine. Takes where our binaries and cache are; says what it found and removes it.
 * Namespaces are anonymous and pods die with their agent, so there should be nothing; a run that is alive is not touched.
 */
import { ClaimcheckError } from '../core/errors.ts'
import type { Binaries } from '../native/build.ts'
import { unfinishedUnpackings } from './unpackings.ts'
import { orphans } from './orphans.ts'

export interface Sweep {
  readonly binaries: Binaries
  readonly cacheDir: string
  /** Says what there is and removes nothing. */
  readonly dryRun: boolean
  readonly say: (line: string) => void
}

/** Removes all it can; rejects with NOT_SWEPT, naming what stayed. */
export async function sweep({ binaries, cacheDir, dryRun, say }: Sweep): Promise<void> {
  const leftovers = [...(await orphans(binaries)), ...(await unfinishedUnpackings(cacheDir))]
  if (leftovers.length === 0) say('Nothing was left behind.')
  const failures: { readonly what: string; readonly cause: unknown }[] = []
  for (const { what, remove } of leftovers) {
    if (dryRun) {
      say(`Would remove ${what}`)
      continue
    }
    await remove().then(
      () => say(`Removed ${what}`),
      (cause: unknown) => failures.push({ what, cause }),
    )
  }
  const [first] = failures
  if (first === undefined) return
  throw new ClaimcheckError('NOT_SWEPT', {
    subject: failures.map(({ what }) => what).join('; '),
    problem: 'could not be removed',
    found: String(first.cause),
    hint: 'Run `npx claimcheck sweep` as the user who made it, or as root.',
    cause: first.cause,
  })
}
