/** The record of this machine as a target with real GPUs and one node. */
import { join } from 'node:path'
import { makeFolder } from '../../core/make-folder.ts'
import { replaceFile } from '../../core/output-file.ts'
import { loadSku } from '../../sku/sku.ts'
import { hardwareUnderTest } from '../files-under-test.ts'
import type { TargetKindRecord } from '../target-kind.ts'

/** The profile of this machine, in the report folder. */
const DISCOVERED = 'discovered.yaml'

export const hostKind: TargetKindRecord = {
  kind: 'host',
  isEmulated: false,
  loadSystemUnderTest: hardwareUnderTest,
  async completeSettings(settings, known, say) {
    const { takeInventory } = await import('./inventory.ts')
    const inventory = await takeInventory()
    if (settings.sku !== undefined) return settings
    const { formatSkuProfile } = await import('./sku-profile.ts')
    makeFolder(settings.reportDir)
    const sku = join(settings.reportDir, DISCOVERED)
    replaceFile(sku, formatSkuProfile(inventory, known))
    say(
      `CLAIMCHECK_SKU is not set: the devices are compared with the profile discovered on this machine, ${sku}`,
    )
    return { ...settings, sku }
  },
  async prepare({ cacheDir, nixl }, _system, say) {
    const { provideNativeParts } = await import('../../native/native-parts.ts')
    return {
      prepared: await provideNativeParts({ cacheDir, nixl, cuda: true, say }),
      end: async () => undefined,
    }
  },
  async open({ settings: { ucx }, prepared, journal }) {
    if (prepared === null || !('binaries' in prepared))
      throw new TypeError('the host target needs the native binaries and NIXL')
    const { HostTarget } = await import('./host-target.ts')
    const { binaries, nixl } = prepared
    return HostTarget.open({ transfer: binaries.transfer, nixl, journal, ucx, env: process.env })
  },
  async inspect({ sku }) {
    const { takeInventory } = await import('./inventory.ts')
    const { publishInventory } = await import('./publish-inventory.ts')
    const inventory = await takeInventory()
    return {
      place: 'this machine',
      ...publishInventory(inventory),
      nodes: [inventory.node],
      sku: sku === undefined ? undefined : loadSku(sku),
      rack: undefined,
      client: undefined,
    }
  },
  async readProfile(known) {
    const { takeInventory } = await import('./inventory.ts')
    const { formatSkuProfile } = await import('./sku-profile.ts')
    return formatSkuProfile(await takeInventory(), known)
  },
}
