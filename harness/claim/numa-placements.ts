/** Placements in a suite's words. Takes counts and NUMA nodes; gives a placement, or one for each arm. */
import type { NumaArm } from '../sku/sku.ts'
import type { Placement } from './placement.ts'

/** "4 GPUs of NUMA node 0 and 4 NICs of NUMA node 1". */
export function gpusWithNics(of: { gpus: number; gpusOn: number; nics: number; nicsOn: number }): Placement {
  return {
    arm: of.gpusOn === of.nicsOn ? 'aligned' : 'unaligned',
    gpus: { count: of.gpus, numaNode: of.gpusOn },
    nics: { count: of.nics, numaNode: of.nicsOn },
  }
}

/** The same GPUs twice, with NICs of one NUMA node and of the other. */
export function sameGpus(of: {
  gpus: number
  gpusOn: number
  nics: number
  alignedOn: number
  unalignedOn: number
}): Record<NumaArm, Placement> {
  const { gpus, gpusOn, nics } = of
  return {
    aligned: gpusWithNics({ gpus, gpusOn, nics, nicsOn: of.alignedOn }),
    unaligned: gpusWithNics({ gpus, gpusOn, nics, nicsOn: of.unalignedOn }),
  }
}
