/**
 * What a suite imports: `test`, `describe` and the words for claims, arms and sizes.
 * Takes placements; gives tests whose fixtures hold a target, the SKU, and pods or arms made on first use.
 * A fixture returns at once; waiting happens in the matcher that needs the figures, so that nothing acquired is lost.
 */
import { inject, test as base } from 'vitest'
import { pairsOfTurn } from '../claim/gpu-pairs.ts'
import { Journal } from '../core/journal.ts'
import { formatBytes } from '../core/units.ts'
import { Arm } from '../expect/arm.ts'
import { PodSet } from '../transfer/pod-set.ts'
import {
  unmetComparisonRequirement,
  unmetGpuLinkRequirement,
  unmetPodRequirement,
  unmetNodeRequirement,
} from '../expect/requirements.ts'
import {
  createComparison,
  createLinkComparison,
  type ComparisonDeclaration,
  type GpuLinkDeclaration,
  type PodDeclaration,
} from '../expect/declarations.ts'
import { LivePublishedDevices } from '../expect/published-devices.ts'
import { EvidenceFiles } from '../report/evidence-files.ts'
import type { Environment } from '../report/run-report.ts'
import type { Settings } from '../core/variables.ts'
import { DIAGNOSTICS } from '../transfer/failure-diagnostics.ts'
import type { LinkComparison } from '../measure/link-comparison.ts'
import type { LinkSku, NumaSku, Sku } from '../sku/sku.ts'
import { openTarget } from '../targets/open-target.ts'
import { loadSystemUnderTest } from '../targets/system-under-test.ts'
import type { Target } from '../targets/target.ts'
import { recordEnvironment, recordSku } from './recorded-metadata.ts'
import './matchers.ts'

export { describe } from 'vitest'
export { gpusWithNics, sameGpus } from '../claim/numa-placements.ts'
export { allGpus } from '../claim/placement.ts'
export { parseBytes as sizeOf } from '../core/units.ts'
export { kvCacheBytes } from '../transfer/kv-cache.ts'

/** A test with a target. `published` is what its drivers say of their devices. */
export const test = base
  .extend('settings', { scope: 'file' }, () => inject('settings'))
  .extend('subject', { scope: 'file' }, ({ settings }) => loadSystemUnderTest(settings))
  .extend('sku', { scope: 'file' }, ({ subject }) => subject.sku)
  .extend('journal', { scope: 'file' }, ({ settings }) => journalOf(settings))
  .extend('target', { scope: 'file' }, async ({ settings, subject, journal }, { onCleanup }) => {
    const target = await openTarget(settings, subject, inject('prepared') ?? undefined, journal)
    onCleanup(() => target.close())
    return target
  })
  .extend('environment', { auto: true }, ({ task, target, sku }) => {
    recordEnvironment(task, environmentOf(target, sku))
    recordSku(task.file, sku)
  })
  .extend('published', { scope: 'file' }, ({ target }) => new LivePublishedDevices(target))

/** With what it has to show of failures as files beside the reports. */
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

/** A test with two arms, `aligned` and `unaligned`, measured in the same rounds and shared by all tests of the file. */
export function comparisonTest(spec: ComparisonDeclaration) {
  return test
    .extend('sku', { scope: 'file' }, ({ subject }) => subject.sku as NumaSku)
    .extend('comparison', { scope: 'file' }, ({ target, sku, journal, settings }) => {
      return createComparison(spec, settings.rounds, { target, sku, journal })
    })
    .extend('affordable', { auto: true }, async ({ target, subject, skip }) => {
      const lack = unmetNodeRequirement(await target.nodes()) ?? unmetComparisonRequirement(subject.sku, spec)
      if (lack !== undefined) skip(`nothing to compare here: ${lack}`)
      const { emulation } = target
      if (spec.tooLongFor === undefined || emulation?.runtime !== spec.tooLongFor) return
      skip(
        `${formatBytes(spec.size)} take too long in the ${spec.tooLongFor} runtime; set CLAIMCHECK_RUNTIME=model, or run on hardware`,
      )
    })
    .extend('aligned', { scope: 'file' }, ({ comparison }) => new Arm(comparison, 'aligned'))
    .extend('unaligned', { scope: 'file' }, ({ comparison }) => new Arm(comparison, 'unaligned'))
}

/** Vitest makes file-scoped fixtures once for each extended test; tests of one declaration share its rounds all the same. */
const measuredLinks = new WeakMap<GpuLinkDeclaration, LinkComparison>()

/**
 * A test of the GPUs of one node: `linked` moves bytes by the GPUs' own links, `staged` through host memory. `ofSeveral` is
 * for what one pair alone cannot be asked. Skipped, with the reason, where the SKU states no such links.
 */
export function gpuLinkTest(spec: GpuLinkDeclaration) {
  const ofEach = test
    .extend('sku', { scope: 'file' }, ({ subject }) => subject.sku as LinkSku)
    .extend('comparison', { scope: 'file' }, ({ target, sku, journal, settings }) => {
      const made =
        measuredLinks.get(spec) ?? createLinkComparison(spec, settings.rounds, { target, sku, journal })
      measuredLinks.set(spec, made)
      return made
    })
    .extend('stated', { auto: true }, ({ target, subject, skip }) => {
      const lack = unmetGpuLinkRequirement(target, subject.sku, spec)
      if (lack !== undefined) skip(`nothing to measure here: ${lack}`)
    })
    .extend('linked', { scope: 'file' }, ({ comparison }) => new Arm(comparison, 'linked'))
    .extend('staged', { scope: 'file' }, ({ comparison }) => new Arm(comparison, 'staged'))
  const ofSeveral = ofEach.extend('several', { auto: true }, ({ subject, skip }) => {
    const pairs = pairsOfTurn(subject.sku.gpus.length, spec.turn).length
    if (pairs < 2) skip(`nothing to compare here: ${pairs} pair in this turn`)
  })
  return { ofEach, ofSeveral }
}

/** A test with one pod of the placement on every node, `pods`. */
export function podTest(spec: PodDeclaration) {
  return test
    .extend('possible', { auto: true }, ({ target, subject, skip }) => {
      const lack = unmetPodRequirement(target, subject.sku, spec)
      if (lack !== undefined) skip(`nothing to look at here: ${lack}`)
    })
    .extend('pods', ({ target, sku, journal }, { onCleanup }) => {
      const pods = new PodSet({ target, sku, journal, ...spec })
      onCleanup(() => pods.close())
      return pods
    })
}
