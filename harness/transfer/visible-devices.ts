/**
 * The devices that a container sees, as the transfer binary prints them with `--mode devices`.
 */
import { z } from 'zod'
import { parseBoundedJson } from '../core/bounded-json.ts'
import { ClaimcheckError } from '../core/errors.ts'
import { onlyTagged } from './tagged-line.ts'

/** Characters of a DEVICES line. A node with 8 GPUs and 8 NICs has some 6,000. */
const MOST_DEVICES = 256 * 1024

export const visibleDevicesSchema = z.looseObject({
  infiniband: z.array(
    z.looseObject({
      path: z.string(),
      opens: z.boolean(),
      open_error: z.string().nullish(),
      rdma_device: z.string().nullish(),
    }),
  ),
  interfaces: z.array(z.looseObject({ name: z.string(), created_by_kernel: z.boolean().exactOptional() })),
  /** The RDMA devices in the node's /sys; absent from certificates of older versions. */
  rdma: z
    .array(
      z.looseObject({
        name: z.string(),
        pci_address: z.string().nullable().default(null),
        char_devices: z.array(z.looseObject({ kind: z.string(), path: z.string() })).default([]),
      }),
    )
    .exactOptional(),
  rdma_cm: z.looseObject({ path: z.string() }).nullish(),
  /** Absent when the binary has no GPU support. */
  gpus: z
    .array(
      z.looseObject({
        pci_address: z.string(),
        /** Active links to all peers and switches. */
        nvlinks: z.int().nullable(),
        /**
         * Active links by the PCI address of their far end, a GPU or a switch; null where the driver does not say, absent
         * from certificates of older versions.
         */
        nvlink_peers: z.array(z.looseObject({ pci_address: z.string(), links: z.int() })).nullish(),
        peers: z.array(z.string()),
      }),
    )
    .exactOptional(),
  gpu_error: z.string().nullish(),
  /** GPUs that the container can use through the kernel's render nodes; absent from certificates of older versions. */
  render_nodes: z
    .array(
      z.looseObject({
        path: z.string(),
        pci_address: z.string(),
        vendor: z.string(),
        open_error: z.string().nullable(),
      }),
    )
    .exactOptional(),
  /** The files in which DRA drivers describe devices (KEP-5304); absent from certificates of older versions. */
  device_metadata: z
    .array(
      z.looseObject({
        path: z.string(),
        devices: z.array(
          z.looseObject({
            request: z.string(),
            driver: z.string(),
            pool: z.string(),
            device: z.string(),
            pci_address: z.string().nullable(),
          }),
        ),
        error: z.string().nullable(),
      }),
    )
    .exactOptional(),
})

export type VisibleDevices = z.infer<typeof visibleDevicesSchema>

/**
 * Reads the log to its end. Rejects with RESULT_MISSING when it has no DEVICES line, with RESULT_DUPLICATE when it has several, or
 * with RESULT_INVALID when the line cannot be parsed.
 */
export async function parseVisibleDevices(
  lines: AsyncIterable<string>,
  subject: string,
): Promise<VisibleDevices> {
  const line = await onlyTagged('DEVICES', lines, subject)
  try {
    return visibleDevicesSchema.parse(parseBoundedJson(line, MOST_DEVICES))
  } catch (cause) {
    throw new ClaimcheckError('RESULT_INVALID', {
      subject,
      problem: 'printed a DEVICES line that cannot be parsed',
      found: line.slice(0, 200),
      cause,
    })
  }
}
