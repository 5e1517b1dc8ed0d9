/** The record of this machine as a target with real GPUs and one node. */
import { loadSku } from '../../sku/sku.ts'
import { hardwareUnderTest } from '../files-under-test.ts'
import type { TargetKindRecord } from '../target-kind.ts'

export const hostKind: TargetKindRecord = {
  kind: 'host',
  isEmulated: false,
  loadSystemUnderTest: hardwareUnderTest,
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
