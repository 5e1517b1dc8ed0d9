/** What reports state about the emulation of a rack. */
import { describeFault } from '../rack/fault.ts'
import type { Rack } from '../rack/rack.ts'

export const describeEmulation = <Runtime extends 'process' | 'model' | 'vm'>(
  { name, faults, scale, transfer }: Rack,
  runtime: Runtime,
) => ({ rack: name, faults: faults.map(describeFault), scale, runtime, transfer })
