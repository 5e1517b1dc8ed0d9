/**
 * What the settings put to the test: an emulated rack, or hardware of a SKU. Takes settings; gives the files they name,
 * read and checked. Starts nothing.
 */
import { ClaimcheckError } from '../core/errors.ts'
import type { Settings } from '../core/variables.ts'
import { requireFaultSupport } from '../rack/fault-support.ts'
import { loadRack, type Rack } from '../rack/rack.ts'
import { loadSku, type Sku } from '../sku/sku.ts'

export interface SystemUnderTest {
  readonly sku: Sku
  /** Absent where the hardware is real. */
  readonly rack?: Rack
}

/** Throws FILE_UNREADABLE, FILE_INVALID or FAULT_INVALID; VARIABLE_INVALID where real hardware has no profile. */
export function loadSystemUnderTest(settings: Settings): SystemUnderTest {
  if (settings.target === 'emulated' || settings.target === 'lab') {
    const rack = loadRack(settings.rack)
    requireFaultSupport(rack, settings.target)
    return { sku: rack.sku, rack }
  }
  if (settings.sku !== undefined) return { sku: loadSku(settings.sku) }
  throw new ClaimcheckError('VARIABLE_INVALID', {
    subject: 'CLAIMCHECK_SKU',
    problem: `is needed with CLAIMCHECK_TARGET=${settings.target}`,
    expected: "the path of the nodes' SKU profile",
    hint: 'Set CLAIMCHECK_SKU, for instance to fixtures/skus/h100x8.yaml.',
  })
}
