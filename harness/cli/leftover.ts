/** Something that a run should have taken with it. */
export interface StaleResource {
  /** `process 4711, claimcheck-node, whose harness is gone`. */
  readonly what: string
  /** Its run may still be alive: only a person, or `--yes`, says that it goes. */
  readonly mayLive?: boolean
  /** Rejects when it is still there afterwards. Gone already is success. */
  readonly remove: () => Promise<void>
}
