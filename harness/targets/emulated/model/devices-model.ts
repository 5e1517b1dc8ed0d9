/** What `--mode devices` prints in a pod of the model runtime: from the plan, the same that the process runtime builds. */
import type { PodPlan } from '../../../emulation/pod-plan.ts'

const REFUSED = 'Permission denied (os error 13)'

export function modelDevices(pod: PodPlan): string {
  const interfaces = ['lo', 'eth0', ...pod.nics.flatMap(({ nic }) => nic.ifName ?? [])]
  return `DEVICES ${JSON.stringify({
    infiniband: pod.devices.map(({ path, opens }) => ({ path, opens, open_error: opens ? null : REFUSED })),
    interfaces: interfaces.map((name) => ({ name })),
  })}`
}
