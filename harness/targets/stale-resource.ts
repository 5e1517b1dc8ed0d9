/** Something that a killed run left behind. */
export interface StaleResource {
  /** Description of the object: `process 4711, claimcheck-node, whose harness is gone`. */
  readonly what: string
  /** Whether its run may still be alive. If so, it is removed only after a confirmation, or with `--yes`. */
  readonly mayLive?: boolean
  /** Rejects when it could not be removed. Resolves when it is already gone. */
  readonly remove: () => Promise<void>
}
