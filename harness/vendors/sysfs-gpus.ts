/** The GPUs that the PCI bus of a sysfs shows: display controllers for computing and processing accelerators of a vendor. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** VGA, 3D and other display controllers, and processing accelerators, as AMD's Instinct MI300 is. */
const GPU_CLASSES = /^0x(0300|0302|0380|1200)/

/** Their PCI addresses, in order. */
export function gpusInSysfs(sysfs: string, pciVendorId: string): readonly string[] {
  const devices = join(sysfs, 'bus/pci/devices')
  if (!existsSync(devices)) return []
  return readdirSync(devices)
    .filter((address) => {
      const value = (file: string): string => {
        const path = join(devices, address, file)
        return existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
      }
      return value('vendor') === pciVendorId && GPU_CLASSES.test(value('class'))
    })
    .sort()
}
