/**
 * What a suite imports: `test`, `describe`, and the functions that declare claims, arms and sizes. A fixture returns at once
 * and acquires pods only when a matcher needs them, since Vitest skips the clean-up of a fixture that waits after acquiring.
 */
import { inject, test as base } from 'vitest'
import { pairsOfTurn } from '../claim/gpu-pairs.ts'
import {
  nearestPlacementsOf,
  numaComparisonsOf,
  numaPlacementsOf,
  numaScalingsOf,
  type NearestPlacement,
  type NumaComparison,
  type NumaPlacement,
  type NumaScaling,
} from '../claim/numa-placements.ts'
import { Journal } from '../core/journal.ts'
import { formatBytes, type Bytes } from '../core/units.ts'
import { declaredArms } from '../expect/arm.ts'
import {
  unmetComparisonRequirement,
  unmetGpuLinkRequirement,
  unmetGpuRequirement,
  unmetPodRequirement,
  unmetNodeRequirement,
  unmetPathsRequirement,
} from '../expect/requirements.ts'
import {
  checkComparison,
  checkLinks,
  createComparison,
  createLinkComparison,
  createPodSet,
  type ComparisonDeclaration,
  type GpuLinkDeclaration,
  type PodDeclaration,
} from '../expect/declarations.ts'
import { LivePublishedDevices } from '../expect/published-devices.ts'
import { linkReferencesOf, numaReferencesOf } from '../expect/stated-reference.ts'
import { EvidenceFiles } from '../report/evidence-files.ts'
import { inputFile, type FileInputs } from '../report/input-files.ts'
import type { Environment } from '../report/run-report.ts'
import type { Settings } from '../core/variables.ts'
import { DIAGNOSTICS } from '../transfer/failure-diagnostics.ts'
import type { Comparison } from '../measure/comparison.ts'
import type { Sku } from '../sku/sku.ts'
import type { SystemUnderTest } from '../targets/files-under-test.ts'
import { targetKindOf } from '../targets/target-kinds.ts'
import { hasRdmaDevices, type Target } from '../targets/target.ts'
import {
  recordEnvironment,
  recordInputs,
  recordMeasures,
  recordNodes,
  recordSku,
} from './recorded-metadata.ts'
import { refuseUncomparedArms } from './uncompared-arms.ts'
import './matchers.ts'

export { describe } from 'vitest'
export { gpusWithNics, sameGpus, variantsOf } from '../claim/numa-placements.ts'
export { mergeArms } from '../expect/declaration-schema.ts'
export { allGpus } from '../claim/placement.ts'
export { parseBytes as sizeOf } from '../core/units.ts'
export { kvBlocks, kvCacheBytes } from '../transfer/kv-cache.ts'

/** The SKU under test, while the tests of a file are declared. */
function skuUnderTest(): Sku {
  const settings = inject('settings')
  return targetKindOf(settings).loadSystemUnderTest(settings).sku
}

/** For `describe.for`: the comparisons that the shape of the SKU allows, one for each NUMA node that has GPUs. */
export const numaComparisons = (): readonly NumaComparison[] => numaComparisonsOf(skuUnderTest())

/** For `describe.for`: the GPUs of each NUMA node with the nearest NICs, and with the farthest. */
export const numaPlacements = (): readonly NumaPlacement[] => numaPlacementsOf(skuUnderTest())

/** For `describe.for`: all GPUs of each NUMA node with all of their nearest NICs. */
export const nearestPlacements = (): readonly NearestPlacement[] => nearestPlacementsOf(skuUnderTest())

/** For `describe.for`: the nearest NICs of each NUMA node that has GPUs, against one of them with as many bytes for each NIC. */
export const numaScalings = (bytesOfNic: Bytes): readonly NumaScaling[] =>
  numaScalingsOf(skuUnderTest(), bytesOfNic)

/** A test with a target. `published`: the devices that the target's drivers publish. */
export const test = base
  .extend('settings', { scope: 'file' }, () => inject('settings'))
  .extend('systemUnderTest', { scope: 'file' }, ({ settings }) =>
    targetKindOf(settings).loadSystemUnderTest(settings),
  )
  .extend('sku', { scope: 'file' }, ({ systemUnderTest }) => systemUnderTest.sku)
  .extend('journal', { scope: 'file' }, ({ settings }) => journalOf(settings))
  .extend(
    'target',
    { scope: 'file' },
    async ({ settings, systemUnderTest: system, journal }, { onCleanup }) => {
      const prepared = inject('prepared')
      const target = await targetKindOf(settings).open({ settings, system, prepared, journal })
      onCleanup(() => target.close())
      return target
    },
  )
  .extend('environment', { auto: true }, ({ task, target, systemUnderTest, settings }) => {
    recordEnvironment(task, environmentOf(target, systemUnderTest.sku))
    recordSku(task.file, systemUnderTest.sku, !hasRdmaDevices(target.emulation))
    recordInputs(task.file, () => inputsOf(task.file, systemUnderTest, settings))
  })
  .extend('published', { scope: 'file' }, ({ target }) => new LivePublishedDevices(target))

/** A journal that also writes diagnostics of failures as files beside the reports. */
function journalOf({ reportDir }: Settings): Journal {
  const journal = new Journal()
  const prepared = inject('prepared')
  if (prepared !== null && 'runId' in prepared) {
    const files = new EvidenceFiles(reportDir, prepared.runId)
    journal.listen((entry) => void (entry.event === DIAGNOSTICS && files.write(entry)))
  }
  return journal
}

function environmentOf({ kind, emulation }: Target, sku: Sku): Environment {
  if (emulation === undefined) return { target: kind, sku: sku.name }
  const { runtime, scale, rack, faults } = emulation
  return { target: kind, sku: sku.name, emulation: { runtime, scale, rack, faults } }
}

/** The digests of the files that decide what this test file asks for. */
function inputsOf(
  { name, filepath }: { readonly name: string; readonly filepath: string },
  { rack }: SystemUnderTest,
  { sku, waivers }: Settings,
): FileInputs {
  const folder = process.cwd()
  const profile = rack?.skuPath ?? sku
  if (profile === undefined) throw new TypeError('a system under test without a SKU file')
  return {
    suite: { ...inputFile(filepath, folder), path: name },
    sku: inputFile(profile, folder),
    ...(rack === undefined ? {} : { rack: inputFile(rack.path, folder) }),
    ...(waivers === undefined ? {} : { waivers: inputFile(waivers, folder) }),
  }
}

/**
 * A test with `arms`, which are measured in the same rounds on every pair of nodes and shared by all tests of the file.
 * `reference`: what the SKU states for each arm. A test that asks for `paths`, which are the same arms, is skipped where one of
 * them has no two paths alike. Throws EXPECTATION_INVALID for options that are not valid.
 *
 * @example
 * const test = comparisonTest({
 *   name: 'scaling',
 *   arms: {
 *     four: gpusWithNics({ gpus: 4, gpusOn: 0, nics: 4, nicsOn: 0 }),
 *     one: gpusWithNics({ gpus: 1, gpusOn: 0, nics: 1, nicsOn: 0 }),
 *   },
 *   op: 'WRITE',
 *   size: sizeOf('1 GiB'),
 * })
 *
 * test('four NICs carry at least 3.6 times one', async ({ arms, expect }) => {
 *   await expect(arms.four).toOutperform(arms.one, { by: 3.6 })
 * })
 */
export function comparisonTest<const Name extends string>(declaration: ComparisonDeclaration<Name>) {
  const spec = checkComparison(declaration)
  let comparison: Comparison | undefined
  refuseUncomparedArms(spec, () => comparison)
  return test
    .extend('comparison', { scope: 'file' }, ({ target, sku, journal, settings }) => {
      comparison = createComparison(spec, settings.rounds, { target, sku, journal })
      return comparison
    })
    .extend('affordable', { auto: true }, async ({ task, target, systemUnderTest, skip }) => {
      recordMeasures(task, 'between nodes')
      await recordNodes(task.file, target)
      const unmet =
        unmetNodeRequirement(await target.nodes()) ?? unmetComparisonRequirement(systemUnderTest.sku, spec)
      if (unmet !== undefined) skip(`not compared: ${unmet}`)
      const { emulation } = target
      if (spec.tooLongFor === undefined || emulation === undefined || emulation.runtime === 'model') return
      skip(
        `transfers of ${formatBytes(spec.size)} take too long in the ${emulation.runtime} runtime; set CLAIMCHECK_RUNTIME=model, or run on hardware`,
      )
    })
    .extend('arms', { scope: 'file' }, ({ comparison }) => declaredArms(comparison, spec.arms))
    .extend('reference', ({ sku }) => numaReferencesOf(sku, spec))
    .extend('paths', ({ arms, skip }) => {
      const unmet = unmetPathsRequirement(spec)
      if (unmet !== undefined) skip(`not compared: ${unmet}`)
      return arms
    })
}

/**
 * A test of the GPUs of one node, with `arms` over the GPUs' own links or through host memory. `ofSeveral` is for expectations that
 * need more than one pair. Skipped, with the reason, where the node has no such pairs. Throws EXPECTATION_INVALID for options that
 * are not valid.
 */
export function gpuLinkTest<const Name extends string>(declaration: GpuLinkDeclaration<Name>) {
  const spec = checkLinks(declaration)
  // Vitest creates a file-scoped fixture once for each extended test; the tests of one declaration share its rounds.
  let comparison: Comparison | undefined
  refuseUncomparedArms(spec, () => comparison)
  const ofEach = test
    .extend('comparison', { scope: 'file' }, ({ target, sku, journal, settings }) => {
      comparison ??= createLinkComparison(spec, settings.rounds, { target, sku, journal })
      return comparison
    })
    .extend('stated', { auto: true }, async ({ task, target, systemUnderTest, skip }) => {
      recordMeasures(task, 'between GPUs')
      await recordNodes(task.file, target)
      const unmet = unmetGpuLinkRequirement(target, systemUnderTest.sku, spec)
      if (unmet !== undefined) skip(`not measured: ${unmet}`)
    })
    .extend('reference', ({ sku }) => linkReferencesOf(sku, spec))
    .extend('arms', { scope: 'file' }, ({ comparison }) => declaredArms(comparison, spec.arms))
  const ofSeveral = ofEach.extend('several', { auto: true }, ({ systemUnderTest, skip }) => {
    const pairs = pairsOfTurn(systemUnderTest.sku.gpus.length, spec.turn).length
    if (pairs < 2) skip(`not compared: this turn has ${pairs} pair of GPUs`)
  })
  return { ofEach, ofSeveral }
}

/**
 * A test with `pods`: one pod of the placement on every node. A test that asks for `gpuPods`, which are the same, is skipped
 * where the SKU has no GPU.
 */
export function podTest(spec: PodDeclaration) {
  return test
    .extend('possible', { auto: true }, ({ target, systemUnderTest, skip }) => {
      const unmet = unmetPodRequirement(target, systemUnderTest.sku, spec)
      if (unmet !== undefined) skip(`not inspected: ${unmet}`)
    })
    .extend('pods', ({ target, sku, journal }, { onCleanup }) => {
      const pods = createPodSet(spec, { target, sku, journal })
      onCleanup(() => pods.close())
      return pods
    })
    .extend('gpuPods', ({ pods, sku, skip }) => {
      const unmet = unmetGpuRequirement(sku)
      if (unmet !== undefined) skip(`not judged: ${unmet}`)
      return pods
    })
}
