/** zod schemas for names from files that become names of Kubernetes objects, files and devices. */
import { z } from 'zod'

const MOST_DEVICE_NAME = 63
const RESERVED_INTERFACES = ['.', '..', 'lo', 'all', 'default']

/** A DNS label of RFC 1123, as Kubernetes requires for the names of nodes. */
export const dnsLabel = (what: string) =>
  z
    .string()
    .regex(
      /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
      `expected ${what} of at most 63 lower-case letters, digits and "-", without "-" at the ends`,
    )

/** The name of a GPU or of an RDMA device: `gpu-0`, `mlx5_0`. It becomes the name of a file in an emulated node. */
export const deviceName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'expected a device name of letters, digits, ".", "_" and "-"')
  .max(MOST_DEVICE_NAME, `expected a device name of at most ${MOST_DEVICE_NAME} characters`)
  .refine((name) => !name.includes('..'), 'expected a device name without ".."')

/** As the kernel allows it, in printable ASCII. */
export const interfaceName = z
  .string()
  .regex(
    /^[!-.0-9;-~]{1,15}$/,
    'expected an interface name of 1 to 15 printable characters without "/" and ":"',
  )
  .refine(
    (name) => !RESERVED_INTERFACES.includes(name),
    `expected a name other than ${RESERVED_INTERFACES.join(', ')}`,
  )
