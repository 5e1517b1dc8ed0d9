/** What `--mode devices` prints in a pod of the model runtime: from the plan, the same that the process runtime builds. */
import type { PodPlan } from '../pod-plan.ts'
import { infinibandPaths } from '../infiniband.ts'

export function modelDevices(pod: PodPlan): string {
  const interfaces = ['lo', 'eth0', ...pod.nics.flatMap(({ nic }) => nic.ifName ?? [])]
  return `DEVICES ${JSON.stringify({
    infiniband: infinibandPaths(pod.charDevices).map((path) => ({ path, opens: true, open_error: null })),
    interfaces: interfaces.map((name) => ({ name })),
  })}`
}
