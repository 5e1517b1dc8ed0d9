/** Finds the GPUs that other programs use now, with the name of the program. */
import type { DiscoveredGpu, GpuDiscovery } from '../../vendors/gpu-discovery.ts'

/** What a driver keeps for itself on an idle GPU is less. */
const IDLE_MIB = 1024

export interface BusyGpu<Gpu> {
  readonly gpu: Gpu
  /** `process 4242 (python3), which holds 120000 MiB of it`. */
  readonly holder: string
}

/** `own`: processes of this run. Rejects with TARGET_UNAVAILABLE where a GPU does not answer any more. */
export async function busyGpus<Gpu extends Pick<DiscoveredGpu, 'uuid'>>(
  discovery: Pick<GpuDiscovery, 'usage'>,
  gpus: readonly Gpu[],
  own: ReadonlySet<number | undefined>,
  sysfs = '/sys',
): Promise<readonly BusyGpu<Gpu>[]> {
  const { users, usedMiB } = await discovery.usage(sysfs)
  return gpus.flatMap((gpu) => {
    const all = users.filter(({ uuid }) => uuid === gpu.uuid)
    const foreign = all.find(({ pid }) => !own.has(pid))
    if (foreign !== undefined) {
      const held = foreign.usedMiB === undefined ? 'memory' : `${foreign.usedMiB} MiB`
      return { gpu, holder: `process ${foreign.pid} (${foreign.program}), which holds ${held} of it` }
    }
    const used = usedMiB.get(gpu.uuid) ?? 0
    if (all.length > 0 || used <= IDLE_MIB) return []
    return { gpu, holder: `a program that cannot be seen from here, which holds ${used} MiB of it` }
  })
}
