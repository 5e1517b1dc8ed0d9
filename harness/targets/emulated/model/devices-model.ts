/** Computes the output of `--mode devices` in a pod of the model runtime from the plan that the process runtime applies. */
import { charDevicesOf } from '../../../emulation/char-devices.ts'
import type { PodPlan } from '../../../emulation/pod-plan.ts'
import type { Sku } from '../../../sku/sku.ts'

const REFUSED = 'Permission denied (os error 13)'

export function modelDevices(pod: PodPlan, sku: Sku): string {
  const interfaces = ['lo', 'eth0', ...pod.nics.flatMap(({ nic }) => nic.ifName ?? [])]
  return `DEVICES ${JSON.stringify({
    infiniband: pod.devices.map(({ path, opens }) => ({ path, opens, open_error: opens ? null : REFUSED })),
    interfaces: interfaces.map((name) => ({ name })),
    rdma: sku.nics.map((nic) => ({
      name: nic.name,
      pci_address: nic.pciAddress,
      char_devices: charDevicesOf(sku, nic).map(({ kind, path }) => ({ kind, path })),
    })),
    rdma_cm: { path: '/dev/infiniband/rdma_cm' },
    device_metadata: pod.deviceMetadata.map(({ path, devices }) => ({
      path,
      devices: devices.map((device) => ({ ...device, pci_address: null })),
      error: null,
    })),
  })}`
}
