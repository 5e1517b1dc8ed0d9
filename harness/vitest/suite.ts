/**
 * What a suite imports: `test`, `describe` and the words for claims, arms and sizes.
 * Takes placements; gives tests whose fixtures hold a target, the SKU, and pods or arms made on first use.
 * A fixture returns at once; waiting happens in the matcher that needs the figures, so that nothing acquired is lost.
 */
import { inject, test as base } from 'vitest'
import type { Placement } from '../claim/placement.ts'
import { Journal } from '../core/journal.ts'
import { formatBytes, type Bytes } from '../core/units.ts'
import { Arm } from '../expect/arm.ts'
import { PodSet } from '../expect/pod-set.ts'
import { PublishedRack } from '../expect/published-rack.ts'
import { Comparison } from '../measure/comparison.ts'
import { loadRack } from '../rack/rack.ts'
import type { Environment } from '../report/model.ts'
import type { ArmName, Sku } from '../sku/sku.ts'
import { openTarget } from '../target/open.ts'
import type { Target } from '../target/target.ts'
import { recordEnvironment, recordSku } from './case-evidence.ts'
import './matchers.ts'

export { describe } from 'vitest'
export { kvCacheBytes } from '../transfer/kv-cache.ts'

/** A test with a target. `published` is what its drivers say of their devices. */
export const test = base
  .extend('settings', { scope: 'file' }, () => inject('settings'))
  .extend('rack', { scope: 'file' }, ({ settings }) => loadRack(settings.rack))
  .extend('sku', { scope: 'file' }, ({ rack }) => rack.sku)
  .extend('journal', { scope: 'file' }, () => new Journal())
  .extend('target', { scope: 'file' }, async ({ settings, rack, journal }, { onCleanup }) => {
    const target = await openTarget(settings, rack, inject('prepared') ?? undefined, journal)
    onCleanup(() => target.close())
    return target
  })
  .extend('environment', { auto: true }, ({ task, target, sku }) => {
    recordEnvironment(task, environmentOf(target, sku))
    recordSku(task.file, sku)
  })
  .extend('published', { scope: 'file' }, ({ target }) => new PublishedRack(target))

function environmentOf({ kind, emulation }: Target, sku: Sku): Environment {
  if (emulation === undefined) return { target: kind, sku: sku.name }
  const { runtime, scale, rack, faults } = emulation
  return { target: kind, sku: sku.name, emulation: { runtime, scale, rack, faults } }
}

export interface ArmsSpec {
  /** Names pods and claims: lower case, digits and "-". */
  readonly name: string
  readonly arms: Readonly<Record<ArmName, Placement>>
  readonly op: 'WRITE' | 'READ'
  /** Over all GPUs of one node. */
  readonly size: Bytes
  readonly iters?: number
  readonly warmupIters?: number
  /** A runtime of the emulated rack in which this takes longer than it tells; its tests are skipped there, with that reason. */
  readonly tooLongFor?: 'process'
}

/** A test with two arms, `aligned` and `unaligned`, measured in the same rounds and shared by all tests of the file. */
export function comparing(spec: ArmsSpec) {
  return test
    .extend('comparison', { scope: 'file' }, ({ target, sku, journal, settings }) => {
      const { iters = 100, warmupIters = 20 } = spec
      return new Comparison(
        { ...spec, iters, warmupIters, firstRounds: settings.rounds },
        { target, sku, journal },
      )
    })
    .extend('affordable', { auto: true }, ({ target, skip }) => {
      const { emulation } = target
      if (spec.tooLongFor === undefined || emulation?.runtime !== spec.tooLongFor) return
      skip(
        `${formatBytes(spec.size)} take too long in the ${spec.tooLongFor} runtime; set CLAIMCHECK_RUNTIME=model, or run on hardware`,
      )
    })
    .extend('aligned', { scope: 'file' }, ({ comparison }) => new Arm(comparison, 'aligned'))
    .extend('unaligned', { scope: 'file' }, ({ comparison }) => new Arm(comparison, 'unaligned'))
}

/** A test with one pod of the placement on every node, `pods`. */
export function claiming({
  placement,
  containers,
}: {
  readonly placement: Placement
  readonly containers: readonly string[]
}) {
  return test.extend('pods', ({ target, sku }, { onCleanup }) => {
    const pods = new PodSet({ target, sku, placement, containers })
    onCleanup(() => pods.close())
    return pods
  })
}

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
}): Record<ArmName, Placement> {
  const { gpus, gpusOn, nics } = of
  return {
    aligned: gpusWithNics({ gpus, gpusOn, nics, nicsOn: of.alignedOn }),
    unaligned: gpusWithNics({ gpus, gpusOn, nics, nicsOn: of.unalignedOn }),
  }
}
