/** Something that a run that was killed left behind. */
export interface StaleResource {
  /** `process 4711, claimcheck-node, whose harness is gone`. */
  readonly what: string
  /** Whether its run may still be alive: it is removed only after a confirmation, or with `--yes`. */
  readonly mayLive?: boolean
  /** Rejects when it could not be removed. Resolves when it is already gone. */
  readonly remove: () => Promise<void>
}
