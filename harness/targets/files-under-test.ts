/** The system under test as the files of the settings describe it: an emulated rack, or hardware of a SKU. */
import { ClaimcheckError } from '../core/errors.ts'
import type { Settings } from '../core/variables.ts'
import { requireFaultSupport } from '../rack/fault-support.ts'
import { loadRack, type Rack } from '../rack/rack.ts'
import { loadSku, type Sku } from '../sku/sku.ts'
import { withoutEmulatedBaselines } from '../sku/stated-figures.ts'

export interface SystemUnderTest {
  readonly sku: Sku
  /** Absent where the hardware is real. */
  readonly rack?: Rack
}

/** Throws FILE_UNREADABLE or FILE_INVALID, or FAULT_INVALID if `kind` cannot inject a fault of the rack. */
export function rackUnderTest({ rack: path }: Settings, kind: 'emulated' | 'lab'): SystemUnderTest {
  const rack = loadRack(path)
  requireFaultSupport(rack, kind)
  return { sku: rack.sku, rack }
}

/** Throws VARIABLE_INVALID if the settings name no profile, FILE_UNREADABLE or FILE_INVALID. */
export function hardwareUnderTest({ sku, target }: Settings): SystemUnderTest {
  if (sku !== undefined) return { sku: withoutEmulatedBaselines(loadSku(sku)) }
  throw new ClaimcheckError('VARIABLE_INVALID', {
    subject: 'CLAIMCHECK_SKU',
    problem: `is needed with CLAIMCHECK_TARGET=${target}`,
    expected: "the path of the nodes' SKU profile",
    hint: 'Set CLAIMCHECK_SKU, for instance to fixtures/skus/h100x8.yaml.',
  })
}

/** The rack of an emulated system. */
export function requireRack({ rack }: SystemUnderTest): Rack {
  if (rack === undefined) throw new TypeError('an emulated target needs a rack')
  return rack
}
