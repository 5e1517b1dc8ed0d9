/** Opens the emulated target for tests, in either runtime, and provides claims and pods that every target can run. */
import { onTestFinished } from 'vitest'
import { publicationOf } from '../../harness/claim/publication.ts'
import { numaTemplate } from '../../harness/claim/claim-template.ts'
import { Journal } from '../../harness/core/journal.ts'
import { seconds } from '../../harness/core/units.ts'
import { readSettings } from '../../harness/core/variables.ts'
import { provideBinaries } from '../../harness/native/build-binaries.ts'
import { provideNixl } from '../../harness/native/nixl.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import type { NativeParts } from '../../harness/native/native-parts.ts'
import { emulatedKind } from '../../harness/targets/emulated/emulated-kind.ts'
import type { ContainerSpec, PodSpec } from '../../harness/scheduling/pod.ts'
import type { Target } from '../../harness/targets/target.ts'
import { rackFile } from './rack-file.ts'

export const RUNTIMES = ['process', 'model'] as const
export type RuntimeName = (typeof RUNTIMES)[number]

export const SOON = { within: seconds(60) }
export const AT_ONCE = { within: seconds(0.2) }

const silent = (): void => undefined
let prepared: Promise<NativeParts> | undefined

async function prepare(): Promise<NativeParts> {
  const { cacheDir } = readSettings(process.env)
  const [binaries, nixl] = await Promise.all([provideBinaries(silent), provideNixl(cacheDir, silent)])
  return { binaries, nixl }
}

interface RackChanges {
  readonly edit?: (text: string) => string
  /** More settings. */
  readonly env?: Readonly<Record<string, string>>
}

/** Returns a target on the rack of the fixtures with `faults`. It is closed when the test ends. */
export async function rackTarget(
  runtime: RuntimeName,
  faults: readonly string[] = [],
  { edit, env = {} }: RackChanges = {},
): Promise<Target> {
  const settings = readSettings({ CLAIMCHECK_RUNTIME: runtime, ...env })
  prepared ??= prepare()
  const rack = loadRack(rackFile({ faults, ...(edit === undefined ? {} : { edit }) }))
  const target = await emulatedKind.open({
    settings,
    system: { sku: rack.sku, rack },
    prepared: await prepared,
    journal: new Journal(),
  })
  onTestFinished(() => target.close())
  return target
}

/** Applies a template for `gpus` GPUs and `nics` NICs of NUMA node 0 and returns its name. */
export async function claimOf(target: Target, gpus: number, nics: number): Promise<string> {
  const rack = loadRack(rackFile())
  const placement = {
    alignment: 'aligned',
    gpus: { count: gpus, numaNode: 0 },
    nics: { count: nics, numaNode: 0 },
  } as const
  const published = publicationOf(await target.slices())
  const template = numaTemplate(placement, rack.sku, { published })
  await target.apply(template)
  return template.metadata.name
}

/** Prints the devices that it sees and ends. */
export const DEVICES_CONTAINER: ContainerSpec = { name: 'main', args: ['--mode', 'devices'] }

/** A receiver that waits ten minutes for a peer. */
export const TARGET_CONTAINER: ContainerSpec = {
  name: 'main',
  args: ['--mode', 'target', '--devices', 'dram:0', '--block-size', '4096', '--timeout-seconds', '600'],
  secretEnv: { TRANSFER_SECRET: '0'.repeat(64) },
}

export const podOf = (template: string, spec: Partial<PodSpec> = {}): PodSpec => ({
  name: 'pod',
  group: spec.name ?? 'pod',
  template,
  containers: [DEVICES_CONTAINER],
  ...spec,
})

export async function linesOf(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const line of lines) all.push(line)
  return all
}
