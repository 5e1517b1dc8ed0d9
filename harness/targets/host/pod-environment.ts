/** The environment and arguments that restrict a process on this machine to the devices of its pod's claim. */
import { dranet, dranetDeviceName } from '../../vendors/dranet.ts'
import { allocatedDevices, type ScheduledPod } from '../../scheduling/pod.ts'
import type { Nixl } from '../../native/nixl.ts'
import type { Inventory } from './inventory.ts'

/** Inherits nothing from the caller's environment but the paths of programs and of the driver's libraries. */
export function environmentOf(
  pod: ScheduledPod,
  { vendor, gpus }: Pick<Inventory, 'vendor' | 'gpus'>,
  {
    env,
    ucx,
    nixl,
  }: {
    readonly env: Readonly<Record<string, string | undefined>>
    readonly ucx?: Readonly<Record<string, string>>
    readonly nixl: Nixl
  },
): Record<string, string> {
  const claimed = gpus
    .filter(({ name }) => isClaimed(pod, vendor.driver, name))
    .toSorted((a, b) => (a.pciAddress < b.pciAddress ? -1 : 1))
  const inherited: Record<string, string> = {}
  for (const name of ['PATH', 'LD_LIBRARY_PATH']) if (env[name] !== undefined) inherited[name] = env[name]
  return {
    ...inherited,
    ...vendor.visibilityEnv(claimed.map(({ uuid }) => uuid)),
    NIXL_CAPI_LIB: nixl.capi,
    UCX_LOG_LEVEL: 'error',
    ...ucx,
  }
}

/** Replaces `--nics claimed` with the names of the claimed NICs, since a process on the host sees every NIC. */
export function claimedByName(
  args: readonly string[],
  pod: ScheduledPod,
  { nics }: Inventory,
): readonly string[] {
  const at = args.findIndex((arg, index) => arg === 'claimed' && args[index - 1] === '--nics')
  if (at < 0) return args
  const names = nics
    .filter((nic) => isClaimed(pod, dranet.driver, dranetDeviceName(nic)))
    .map(({ name }) => name)
  return names.length === 0 ? args.toSpliced(at - 1, 2) : args.with(at, names.join(','))
}

const isClaimed = (pod: ScheduledPod, driver: string, device: string): boolean =>
  allocatedDevices(pod).some((one) => one.driver === driver && one.device === device)
