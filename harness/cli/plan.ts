/**
 * `claimcheck plan`: prints what a run of suites would create, as YAML, and in comments the devices that each selector matches
 * now and the rounds with their durations. It creates nothing.
 */
import { globSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { stringify } from 'yaml'
import { compileSelector } from '../dra/cel/selector.ts'
import type { ResourceClaimTemplate } from '../dra/objects.ts'
import { publicationOf } from '../claim/publication.ts'
import { allGpus, type GpuPlacement, type Placement } from '../claim/placement.ts'
import { devicesOn, poolsOf } from '../dra/resource-pools.ts'
import { allGpusTemplate, numaTemplate } from '../claim/claim-template.ts'
import { ClaimcheckError } from '../core/errors.ts'
import { formatBytes, formatPercent, formatTime, seconds, type Seconds } from '../core/units.ts'
import type { Settings } from '../core/variables.ts'
import { numaReferencesOf } from '../expect/stated-reference.ts'
import { plannedArm } from '../measure/arm-plan.ts'
import { iterationsOf } from '../measure/node-comparison.ts'
import { pairsOfNodes } from '../measure/node-pairs.ts'
import { planRounds } from '../measure/plan-rounds.ts'
import { IMAGE, STREAM_IMAGE } from '../native/container-image.ts'
import { loadSuites } from '../simulate/load-suites.ts'
import type { Sku } from '../sku/sku.ts'
import { plannedTests, type PlannedComparison } from './planned-tests.ts'
import { podManifest, secretManifest, type PodParts } from '../targets/cluster/pod-manifest.ts'
import { templateManifest } from '../targets/cluster/applied-templates.ts'
import { planRunNamespace } from '../targets/cluster/plan-run-namespace.ts'
import type { PodSpec } from '../scheduling/pod.ts'
import { argsOf, CONTAINER } from '../transfer/node-pair-transfer.ts'
import { transferPlan } from '../measure/node-comparison.ts'
import type { Inspection } from '../targets/target-kind.ts'

/** The time of an arm without its transfer, measured on the emulated rack and in the lab: see docs/performance.md. */
const OVERHEADS: Readonly<Record<'emulated' | 'cluster', Seconds>> = {
  emulated: seconds(0.2),
  cluster: seconds(4),
}

export interface Planning {
  readonly settings: Settings
  readonly inspection: Inspection
  readonly now: number
}

/** Throws FILE_UNREADABLE when there is no suite, EXPECTATION_INVALID when a placement contradicts the SKU. */
export async function plan(
  paths: readonly string[],
  { settings, inspection, now }: Planning,
): Promise<string> {
  const sku = requireSku(inspection.sku)
  const tests = await loadSuites(suiteFiles(paths), sku)
  const { comparisons, pods, links, skipped } = plannedTests(tests, inspection, sku)
  const published = publicationOf(inspection.slices)
  const placements: (Placement | GpuPlacement)[] = [
    ...comparisons.flatMap(({ arms }) => Object.values(arms)),
    ...pods.map(({ placement }) => placement),
    ...(links.length === 0 ? [] : [allGpus()]),
  ]
  const templateOf = (placement: Placement | GpuPlacement): ResourceClaimTemplate =>
    placement.gpus === 'all'
      ? allGpusTemplate(sku, { published, classes: inspection.classes })
      : numaTemplate(placement, sku, { published, classes: inspection.classes })
  const templates = new Map(
    placements.map((placement) => {
      const template = templateOf(placement)
      return [template.metadata.name, template] as const
    }),
  )
  const nameOf = (placement: Placement | GpuPlacement): string => templateOf(placement).metadata.name
  const emulation = inspection.rack && { ...inspection.rack, runtime: 'process' }
  const specs: PodSpec[] = [
    ...comparisons.flatMap((spec) => {
      const comparison = { ...spec, firstRounds: settings.rounds }
      return Object.entries(spec.arms).flatMap(([arm, placement]) => {
        const made = transferPlan({ plan: comparison, arm, round: 0, sku, emulation })
        return (['target', 'initiator'] as const).map((role) => ({
          name: `${made.name}-${role}`,
          group: made.name,
          template: nameOf(placement),
          containers: [
            {
              name: CONTAINER,
              args: argsOf(role, made),
              secretEnv: { TRANSFER_SECRET: '<random, new for each transfer>' },
            },
          ],
        }))
      })
    }),
    ...pods.flatMap(({ placement, containers }) =>
      inspection.nodes.map((node) => ({
        name: `${nameOf(placement)}-${node}`,
        group: nameOf(placement),
        nodes: [node],
        template: nameOf(placement),
        containers: containers.map((name) => ({ name, args: ['--mode', 'devices'] })),
      })),
    ),
  ]
  const { first, ...place } = planRunNamespace(settings.namespace, now)
  const parts: PodParts = {
    ...place,
    image: settings.image ?? (settings.delivery === 'stream' ? STREAM_IMAGE : IMAGE),
    delivery: settings.delivery,
    resources: settings.podResources,
    ucx: settings.ucx,
    backend: settings.backend,
    mountsHostSys: settings.mountsHostSys,
    nodes: settings.nodes,
  }
  const objects = [
    first,
    ...[...templates.values()].map((template) => templateManifest(template, parts)),
    ...specs.flatMap((spec) => [secretManifest(spec, parts) ?? [], podManifest(spec, parts)].flat()),
  ]
  return [
    ...objects.map((object) => `---\n${stringify(object, { lineWidth: 0 })}`.trimEnd()),
    '',
    ...comment([
      `Nothing was created. ${objects.length} objects on ${inspection.place}; the pods of later rounds have other names and nodes.`,
      '',
      ...[...templates.values()].flatMap((template) => matches(template, inspection)),
      '',
      ...comparisons.flatMap((spec) => times(spec, sku, settings, emulation)),
      ...links.map(
        ({ name, op, size }) =>
          `${name}: ${op} of ${formatBytes(size)} between all GPUs of a node, one pod per round`,
      ),
      ...(skipped.length === 0 ? [] : ['', 'Skipped:', ...skipped.map((line) => `  ${line}`), '']),
      `Nodes: ${inspection.nodes.join(', ')}; a comparison pairs ${pairedNodes(inspection.nodes)}.`,
    ]),
  ].join('\n')
}

/** `node-a and node-b, node-b and node-c` */
const pairedNodes = (nodes: readonly string[]): string =>
  pairsOfNodes(nodes)
    .map(({ initiator, target }) => `${initiator} and ${target}`)
    .join(', ')

const comment = (lines: readonly string[]): string[] => lines.map((line) => `# ${line}`.trimEnd())

/** Of the devices that are published now, whoever uses them. */
function matches(template: ResourceClaimTemplate, { slices, classes, nodes }: Inspection): string[] {
  const { name } = template.metadata
  return [
    `ResourceClaimTemplate ${name} matches now:`,
    ...template.spec.spec.devices.requests.flatMap((request) => {
      const own = 'exactly' in request ? [request.exactly] : request.firstAvailable
      return own.flatMap(({ count = 1, selectors = [], deviceClassName }) => {
        const deviceClass = classes.find(({ metadata }) => metadata.name === deviceClassName)
        if (deviceClass === undefined)
          return `  ${request.name} (${count}): none: there is no DeviceClass ${deviceClassName}`
        const ofClass = deviceClass.spec.selectors ?? []
        return nodes.map((node) => {
          const found = poolsOf(slices)
            .flatMap((pool) => devicesOn(node, pool))
            .filter((device) =>
              [...ofClass, ...selectors].every(({ cel }) =>
                compileSelector(cel.expression, `request "${request.name}" of ${name}`).matches(
                  device.device,
                  device.driver,
                ),
              ),
            )
            .map(({ device }) => device.name)
          const enough = found.length >= count ? '' : `: TOO FEW, ${count} requested`
          return `  ${node} ${request.name} (${count}): ${found.join(', ') || 'none'}${enough}`
        })
      })
    }),
  ]
}

function times(
  spec: PlannedComparison,
  sku: Sku,
  { rounds, target }: Settings,
  emulation: Inspection['rack'],
): string[] {
  const { iters, warmupIters } = iterationsOf(spec, emulation)
  const title = `Comparison ${spec.name}, ${formatBytes(spec.size)}, ${iters} iterations after ${warmupIters}`
  const { stability: _, ...references } = numaReferencesOf(sku, spec)
  const stated = Object.entries(references).flatMap(([arm, reference]) =>
    'unstated' in reference || reference.bandwidth === undefined
      ? []
      : { size: plannedArm(spec, arm).size, bandwidth: reference.bandwidth.value },
  )
  const unknown = Object.values(references).flatMap((one) => ('unstated' in one ? one.unstated : []))
  if (stated.length < Object.keys(references).length)
    return [`${title}; its duration is not known: ${unknown[0] ?? 'the reference states no bandwidth'}`]
  const looks = planRounds({
    arms: stated,
    firstRounds: rounds,
    iters,
    warmupIters,
    overhead: OVERHEADS[target === 'emulated' ? 'emulated' : 'cluster'],
  })
  return [
    `${title}, by the SKU's reference:`,
    ...looks.map(
      (look) =>
        `  after ${look.rounds} rounds, ${formatTime(look.duration)}: detects a ratio ${formatPercent(look.detectableRatio - 1)} away from its limit`,
    ),
  ]
}

function requireSku(sku: Sku | undefined): Sku {
  if (sku !== undefined) return sku
  throw new ClaimcheckError('VARIABLE_INVALID', {
    subject: 'CLAIMCHECK_SKU',
    problem: 'is needed to plan a run',
    expected: "the path of the nodes' SKU profile",
    hint: 'Make one with `npx claimcheck discover > sku.yaml`, fill it in, and set CLAIMCHECK_SKU=sku.yaml.',
  })
}

/** The given files, and all suites in the given folders. */
function suiteFiles(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const stat = statSync(path, { throwIfNoEntry: false })
    const files = stat?.isDirectory()
      ? globSync('**/*.test.ts', { cwd: path }).map((file) => join(path, file))
      : [path]
    if (stat !== undefined && files.length > 0) return files.sort().map((file) => resolve(file))
    throw new ClaimcheckError('FILE_UNREADABLE', {
      subject: path,
      problem: stat === undefined ? 'does not exist' : 'contains no suites',
      expected: 'a suite or a folder of suites',
      hint: 'Name one, such as suites/numa.',
    })
  })
}
