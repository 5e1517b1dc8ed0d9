/** PCI addresses, which drivers and tools write with domains of different lengths. */

/**
 * The address as sysfs writes it: lower case, with a domain of at least four digits. nvidia-smi writes eight
 * (`00010000:01:00.0`), and in some messages fewer.
 */
export function sysfsPciAddress(text: string): string {
  const [domain = '', ...rest] = text.trim().toLowerCase().split(':')
  return [domain.replace(/^0+/, '').padStart(4, '0'), ...rest].join(':')
}
