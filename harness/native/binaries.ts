/** The paths of the native programs. */
export interface Binaries {
  /** The transfer binary, `claimcheck-transfer`. */
  readonly transfer: string
  /** The node agent of emulated racks, `claimcheck-node`. */
  readonly node: string
}
