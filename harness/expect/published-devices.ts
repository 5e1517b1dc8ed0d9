/** The devices that a target's drivers publish, as a suite passes them to `expect`. */
import type { ResourceSlice } from '../dra/objects.ts'
import type { Target } from '../targets/target.ts'

/** The devices published by a running target, or recorded in a certificate. */
export interface PublishedDevices {
  readonly emulated: boolean
  nodes(): Promise<readonly string[]>
  slices(): Promise<readonly ResourceSlice[]>
}

export class LivePublishedDevices implements PublishedDevices {
  readonly target: Target

  constructor(target: Target) {
    this.target = target
  }

  get emulated(): boolean {
    return this.target.emulation !== undefined
  }

  nodes(): Promise<readonly string[]> {
    return this.target.nodes()
  }

  slices(): Promise<readonly ResourceSlice[]> {
    return this.target.slices()
  }
}
