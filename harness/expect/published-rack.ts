/** What a target's drivers publish, as something a suite can expect things of. */
import type { ResourceSlice } from '../claim/dra.ts'
import type { Target } from '../target/target.ts'

export class PublishedRack {
  readonly target: Target

  constructor(target: Target) {
    this.target = target
  }

  slices(): Promise<readonly ResourceSlice[]> {
    return this.target.slices()
  }
}
