/** The PCIe path of an emulated device: that of the profile, otherwise a separate host bridge named after its bus. */
import type { SkuGpu } from '../sku/sku.ts'

/** From the host bridge over the PCI bridges above the device. */
export const pciePathOf = (
  pciAddress: string,
  { pciePath }: Pick<SkuGpu, 'pciePath'>,
): readonly [string, ...string[]] => {
  const [root = `pci${pciAddress.slice(0, pciAddress.indexOf(':', 5))}`, ...bridges] = pciePath ?? []
  return [root, ...bridges]
}

/** The host bridge, as drivers publish it: `pci0101:00`. */
export const pcieRootOf = (pciAddress: string, device: Pick<SkuGpu, 'pciePath'>): string =>
  pciePathOf(pciAddress, device)[0]
