/** `claimcheck discover --target host`: prints this machine's SKU profile. Takes known profiles for their reference values. */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { formatSkuProfile } from '../targets/host/sku-profile.ts'
import { takeInventory } from '../targets/host/inventory.ts'

const KNOWN = join(import.meta.dirname, '../../fixtures/skus')

/** Rejects with TARGET_UNAVAILABLE. */
export async function discoverHost(say: (text: string) => void): Promise<void> {
  const known = globSync('*.yaml', { cwd: KNOWN }).sort()
  const profile = formatSkuProfile(
    await takeInventory(),
    known.map((name) => join(KNOWN, name)),
  )
  say(profile.trimEnd())
}
