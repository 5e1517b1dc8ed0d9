/**
 * `claimcheck doctor`: checks whether the target has what a run needs, and prints one line per finding. It creates nothing on
 * a cluster.
 */
import { publicationOf, type Publication } from '../claim/publication.ts'
import type { DeviceClass } from '../dra/objects.ts'
import { GPU_VENDORS, NIC_DRIVERS } from '../vendors/vendors.ts'
import { partialGpusOf } from '../claim/published-device.ts'
import { compareTopology } from '../claim/published-topology.ts'
import {
  describeUnreadPool,
  incompletePoolsError,
  incompletePoolsOf,
  sharedPoolsOf,
  unreadPoolsOf,
} from '../claim/resource-pool-state.ts'
import { describeTaint, preventingTaintsOf } from '../claim/tainted-device.ts'
import { deviceClassName } from '../claim/device-class.ts'
import { asClaimcheckError } from '../core/errors.ts'
import { hanging } from '../core/terminal.ts'
import type { Settings } from '../core/variables.ts'
import type { Sku } from '../sku/sku.ts'
import { provideBinaries } from '../native/build-binaries.ts'
import { IMAGE, STREAM_IMAGE } from '../native/container-image.ts'
import { provideNixl } from '../native/nixl.ts'
import type { ObjectClient } from '../targets/cluster/object-client.ts'
import type { Inspection } from '../targets/target-kind.ts'
import { targetKindOf } from '../targets/target-kinds.ts'

interface Finding {
  readonly status: 'ok' | 'missing' | 'note'
  readonly text: string
}
const ok = (text: string): Finding => ({ status: 'ok', text })
const missing = (text: string): Finding => ({ status: 'missing', text })
const note = (text: string): Finding => ({ status: 'note', text })
const MARKS = { ok: '✓', missing: '✗', note: '-' } as const

/** Returns whether nothing is missing. */
export async function doctor(settings: Settings, say: (line: string) => void): Promise<boolean> {
  say(`claimcheck doctor, target ${settings.target}`)
  let count = 0
  for await (const { status, text } of findings(settings)) {
    say(`  ${MARKS[status]} ${hanging(text)}`)
    if (status === 'missing') count++
  }
  say(count === 0 ? 'Nothing is missing.' : `${count} missing.`)
  return count === 0
}

async function* findings(settings: Settings): AsyncGenerator<Finding> {
  if (settings.target === 'emulated' || settings.target === 'host') yield* machine(settings)
  let inspection: Inspection
  try {
    if (settings.target === 'cluster') yield* rights(settings)
    inspection = await targetKindOf(settings).inspect(settings)
  } catch (error) {
    const { code, message } = asClaimcheckError(error)
    yield missing(`${code}: ${message}`)
    return
  }
  if (inspection.client !== undefined) yield* server(inspection.client)
  yield* published(inspection, settings.target === 'host' ? 1 : 2)
  if (settings.target === 'cluster') yield* delivery(settings)
}

/** What pods on this machine need. */
async function* machine({ target, runtime, cacheDir, nixl }: Settings): AsyncGenerator<Finding> {
  if (target === 'emulated' && runtime === 'model') {
    yield ok('runtime model: needs nothing on this machine')
    return
  }
  const silent = (): void => undefined
  for (const [what, provide] of [
    ['the native binaries', () => provideBinaries(silent)],
    ['the NIXL libraries', () => provideNixl(cacheDir, silent, nixl)],
  ] as const) {
    yield await provide().then(
      () => ok(`${what} are available`),
      (error: unknown) => missing(`${what}: ${asClaimcheckError(error).message}`),
    )
  }
}

/** Checked first, since a missing permission explains later errors. */
async function* rights(settings: Settings): AsyncGenerator<Finding> {
  const { connectionOf, openClient } = await import('../targets/cluster/cluster-run.ts')
  const { describePermission, missingPermissions, permissionsIn } =
    await import('../targets/cluster/permissions.ts')
  const { api } = openClient(connectionOf(settings))
  const file =
    settings.namespace === undefined ? 'deploy/base/rbac.yaml' : 'deploy/overlays/namespace/rbac.yaml'
  const used = permissionsIn(settings.namespace)
  const lacking = await missingPermissions(api, used)
  if (lacking.length === 0) yield ok(`all ${used.length} permissions of ${file}`)
  for (const permission of lacking) {
    const text = `the permission to ${describePermission(permission)}`
    yield permission.optional === undefined
      ? missing(`${text}, see ${file}`)
      : note(`without ${text}, ${permission.optional}`)
  }
}

async function* server(client: ObjectClient): AsyncGenerator<Finding> {
  const { requireDra, versionOf } = await import('../targets/cluster/cluster-run.ts')
  const version = await versionOf(client)
  yield await requireDra(client).then(
    () => ok(`API server ${client.api.server}, Kubernetes ${version}, serves resource.k8s.io/v1`),
    (error: unknown) => missing(asClaimcheckError(error).message),
  )
}

function* published(
  { place, slices, classes, nodes, sku }: Inspection,
  leastNodes: number,
): Generator<Finding> {
  const publication = publicationOf(slices)
  yield* driversOf(publication, place, sku)
  yield* classesFor(publication, classes)
  for (const { node, name, description } of partialGpusOf(slices))
    yield note(`${node}: ${name} is ${description}; it is not under test`)
  const incomplete = incompletePoolsOf(slices)
  if (incomplete.length > 0) yield missing(incompletePoolsError(incomplete).message)
  for (const pool of unreadPoolsOf(slices)) yield note(describeUnreadPool(pool))
  for (const { driver, pool, features } of sharedPoolsOf(slices))
    yield note(
      `pool ${pool} of driver ${driver} uses ${features.join(', ')}; only its whole devices are under test`,
    )
  for (const device of preventingTaintsOf(slices))
    yield missing(`${describeTaint(device)}; no claim gets the device`)
  yield nodes.length >= leastNodes || (sku?.nics.length === 0 && nodes.length > 0)
    ? ok(`${nodes.length} nodes can run pods: ${nodes.join(', ')}`)
    : missing(`two nodes that publish RDMA NICs and can run pods; found ${nodes.join(', ') || 'none'}`)
  yield* numaNodesOf(publication)
  yield note(
    'the RDMA namespace mode is not published; the suite determines it from the devices that a pod sees',
  )
  if (sku === undefined) {
    yield note('CLAIMCHECK_SKU is not set; `claimcheck discover` writes a profile')
    return
  }
  const mismatches = compareTopology(slices, sku, nodes)
  if (mismatches.length === 0) yield ok(`the published topology matches SKU ${sku.name}`)
  for (const { node, device, expected, found } of mismatches.slice(0, 5))
    yield missing(`${node}: ${device} as in SKU ${sku.name}: expected ${expected}, found ${found}`)
}

/** What the profile says that nodes do not have is not missing. */
function* driversOf({ gpus, nics }: Publication, place: string, sku: Sku | undefined): Generator<Finding> {
  for (const { driver, nics: own } of nics) yield ok(publishes(driver.driver, own, 'RDMA NICs'))
  for (const { vendor, gpus: own } of gpus) yield ok(publishes(vendor.driver, own, 'GPUs'))
  const drivers = NIC_DRIVERS.map(({ driver }) => driver).join(', ')
  if (sku?.nics.length === 0) yield note(`SKU ${sku.name} has no RDMA NIC; tests of NICs are skipped`)
  else if (nics.length === 0) yield missing(`RDMA NICs on ${place}: none is published by ${drivers}`)
  const vendors = GPU_VENDORS.map(({ driver }) => driver).join(', ')
  if (sku?.gpus.length === 0) yield note(`SKU ${sku.name} has no GPU; transfers use host memory`)
  else if (gpus.length === 0) yield missing(`GPUs on ${place}: none is published by ${vendors}`)
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
      ? ok(`DeviceClass ${name}`)
      : missing(
          `a DeviceClass of driver ${driver}, usually ${name}; the cluster has ${names.join(', ') || 'none'}`,
        )
  }
}

function* numaNodesOf({ gpus, nics }: Publication): Generator<Finding> {
  for (const { driver, numaNode } of nics)
    yield numaNode === undefined
      ? note(
          `NICs of ${driver.driver} publish no numaNode; they are claimed by the PCI addresses of the SKU profile`,
        )
      : ok(`NICs publish ${numaNode.domain}/numaNode${numaNode.list ? ' as a list' : ''}`)
  for (const { numaNode } of gpus)
    yield numaNode === undefined
      ? note('GPUs publish no numaNode; they are claimed by the PCI addresses of the SKU profile')
      : ok(`GPUs publish ${numaNode.domain}/numaNode${numaNode.list ? ' as a list' : ''}`)
}

function* delivery({ delivery: kind, image }: Settings): Generator<Finding> {
  yield kind === 'stream'
    ? note(`pods run ${image ?? STREAM_IMAGE}; the binary is copied into them`)
    : note(
        `pods run ${image ?? IMAGE}${image === undefined ? ', which must be pushed to a registry that the nodes can reach' : ''}; doctor does not check whether nodes can pull it`,
      )
}
