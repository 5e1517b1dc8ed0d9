/** AMD's PCI vendor id, as sysfs writes it. */
export const AMD_PCI_VENDOR_ID = '0x1002'
