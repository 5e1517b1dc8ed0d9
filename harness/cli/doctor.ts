/**
 * `claimcheck doctor`: what the target of the settings has and lacks. Takes settings; says one line a finding and gives
 * whether a run could begin. Makes nothing on a cluster.
 */
import { publicationOf, type Publication } from '../claim/publication.ts'
import type { DeviceClass } from '../dra/objects.ts'
import { GPU_VENDORS, NIC_DRIVERS } from '../vendors/vendors.ts'
import { partialGpusOf } from '../claim/published-device.ts'
import { compareTopology } from '../claim/published-topology.ts'
import { deviceClassName } from '../claim/device-class.ts'
import { asClaimcheckError } from '../core/errors.ts'
import type { Settings } from '../core/variables.ts'
import { provideBinaries } from '../native/build-binaries.ts'
import { IMAGE, STREAM_IMAGE } from '../native/container-image.ts'
import { provideNixl } from '../native/nixl.ts'
import type { ObjectClient } from '../targets/cluster/object-client.ts'
import { inspectCluster, type ClusterInspection } from './inspect-cluster.ts'

interface Finding {
  readonly is: 'there' | 'missing' | 'note'
  readonly what: string
}
const there = (what: string): Finding => ({ is: 'there', what })
const missing = (what: string): Finding => ({ is: 'missing', what })
const note = (what: string): Finding => ({ is: 'note', what })
const MARKS = { there: '✓', missing: '✗', note: '-' } as const

/** Whether nothing is missing. */
export async function doctor(settings: Settings, say: (line: string) => void): Promise<boolean> {
  say(`claimcheck doctor, target ${settings.target}`)
  let lacks = 0
  for await (const { is, what } of findings(settings)) {
    say(`  ${MARKS[is]} ${what}`)
    if (is === 'missing') lacks++
  }
  say(lacks === 0 ? 'Nothing is missing.' : `${lacks} missing.`)
  return lacks === 0
}

async function* findings(settings: Settings): AsyncGenerator<Finding> {
  if (settings.target === 'emulated') yield* machine(settings)
  let around: ClusterInspection
  try {
    if (settings.target === 'cluster') yield* rights(settings)
    around = await inspectCluster(settings)
  } catch (error) {
    const { code, message } = asClaimcheckError(error)
    yield missing(`${code}: ${message}`)
    return
  }
  if (around.client !== undefined) yield* server(around.client)
  yield* published(around)
  if (settings.target === 'cluster') yield* delivery(settings)
}

/** What emulated pods need of this machine. */
async function* machine({ runtime, cacheDir }: Settings): AsyncGenerator<Finding> {
  if (runtime === 'model') {
    yield there('runtime model: needs nothing of this machine')
    return
  }
  const silent = (): void => undefined
  for (const [what, provide] of [
    ['the native binaries', () => provideBinaries(silent)],
    ['NIXL', () => provideNixl(cacheDir, silent)],
  ] as const) {
    yield await provide().then(
      () => there(`${what}, built and fetched`),
      (error: unknown) => missing(`${what}: ${asClaimcheckError(error).message}`),
    )
  }
}

/** Before anything else: what is missing here explains what cannot be read below. */
async function* rights(settings: Settings): AsyncGenerator<Finding> {
  const { connectionOf, openClient } = await import('../targets/cluster/cluster-run.ts')
  const { describePermission, missingPermissions, PERMISSIONS } =
    await import('../targets/cluster/permissions.ts')
  const { api } = openClient(connectionOf(settings))
  const lacking = await missingPermissions(api)
  if (lacking.length === 0) yield there(`all ${PERMISSIONS.length} rights of deploy/rbac.yaml`)
  for (const right of lacking)
    yield missing(`the right to ${describePermission(right)}, see deploy/rbac.yaml`)
}

async function* server(client: ObjectClient): AsyncGenerator<Finding> {
  const { requireDra, versionOf } = await import('../targets/cluster/cluster-run.ts')
  const version = await versionOf(client)
  yield await requireDra(client).then(
    () => there(`API server ${client.api.server}, Kubernetes ${version}, serves resource.k8s.io/v1`),
    (error: unknown) => missing(asClaimcheckError(error).message),
  )
}

function* published({ place, slices, classes, nodes, sku }: ClusterInspection): Generator<Finding> {
  const publication = publicationOf(slices)
  yield* driversOf(publication, place)
  yield* classesFor(publication, classes)
  for (const { node, name, description } of partialGpusOf(slices))
    yield note(`${node}: ${name} is ${description}; it is not under test`)
  yield nodes.length >= 2
    ? there(`${nodes.length} nodes take pods: ${nodes.join(', ')}`)
    : missing(`a second node that publishes RDMA NICs and takes pods; there is ${nodes.join(', ') || 'none'}`)
  yield* numaNodesOf(publication)
  yield note('the RDMA namespace mode is not published; the suite reads it from what a pod sees')
  if (sku === undefined) {
    yield note('no CLAIMCHECK_SKU: `claimcheck discover` makes a profile')
    return
  }
  const mismatches = compareTopology(slices, sku, nodes)
  if (mismatches.length === 0) yield there(`the published topology is that of SKU ${sku.name}`)
  for (const { node, device, expected, found } of mismatches.slice(0, 5))
    yield missing(`${node}: ${device} as in SKU ${sku.name}: expected ${expected}, found ${found}`)
}

function* driversOf({ gpus, nics }: Publication, place: string): Generator<Finding> {
  for (const { driver, nics: own } of nics) yield there(publishes(driver.driver, own, 'RDMA NICs'))
  for (const { vendor, gpus: own } of gpus) yield there(publishes(vendor.driver, own, 'GPUs'))
  const drivers = NIC_DRIVERS.map(({ driver }) => driver).join(', ')
  if (nics.length === 0) yield missing(`RDMA NICs on ${place}: none is published by ${drivers}`)
  const vendors = GPU_VENDORS.map(({ driver }) => driver).join(', ')
  if (gpus.length === 0) yield missing(`GPUs on ${place}: none is published by ${vendors}`)
}

function publishes(driver: string, devices: readonly { readonly node: string }[], what: string): string {
  const nodes = new Set(devices.map(({ node }) => node)).size
  return `driver ${driver} publishes ${devices.length} ${what} on ${nodes} nodes`
}

function* classesFor({ gpus, nics }: Publication, classes: readonly DeviceClass[]): Generator<Finding> {
  const wanted = [
    ...nics.map(({ driver }) => ({ driver: driver.driver, usual: driver.deviceClasses })),
    ...gpus.map(({ vendor }) => ({ driver: vendor.driver, usual: [vendor.deviceClass] })),
  ]
  const names = classes.map(({ metadata }) => metadata.name)
  for (const { driver, usual } of wanted) {
    const name = deviceClassName({ stated: undefined, driver, usual, classes })
    yield names.includes(name)
      ? there(`DeviceClass ${name}`)
      : missing(`a DeviceClass of driver ${driver}, usually ${name}; there is ${names.join(', ') || 'none'}`)
  }
}

function* numaNodesOf({ gpus, nics }: Publication): Generator<Finding> {
  for (const { driver, numaNode } of nics)
    yield numaNode === undefined
      ? note(
          `NICs of ${driver.driver} publish no numaNode; they are claimed by the PCI addresses of the SKU profile`,
        )
      : there(`NICs publish ${numaNode.domain}/numaNode${numaNode.list ? ' as a list' : ''}`)
  for (const { numaNode } of gpus)
    yield numaNode === undefined
      ? note('GPUs publish no numaNode; they are claimed by the PCI addresses of the SKU profile')
      : there(`GPUs publish ${numaNode.domain}/numaNode${numaNode.list ? ' as a list' : ''}`)
}

function* delivery({ delivery: kind, image }: Settings): Generator<Finding> {
  yield kind === 'stream'
    ? note(`pods run ${image ?? STREAM_IMAGE}; the binary is sent into them`)
    : note(
        `pods run ${image ?? IMAGE}${image === undefined ? ', which has to be pushed to where the nodes pull from' : ''}; whether nodes can pull it shows when they do`,
      )
}
