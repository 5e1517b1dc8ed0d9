/** Where an emulated device hangs: what the profile states, else a host bridge of its own, named after its bus. */
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
