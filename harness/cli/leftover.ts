/** Something that a run should have taken with it. */
export interface Leftover {
  /** `process 4711, claimcheck-node, whose harness is gone`. */
  readonly what: string
  /** Rejects when it is still there afterwards. Gone already is success. */
  readonly remove: () => Promise<void>
}
