/** Judges whether the device metadata in the containers (KEP-5304) describes the devices that the claims were allocated. */
import type { AllocatedGpu, AllocatedNic } from '../claim/allocated-claim.ts'
import { sysfsPciAddress } from '../core/pci-address.ts'
import type { ClaimedPods, ContainerObservation } from '../transfer/pod-set.ts'
import type { VisibleDevices } from '../transfer/visible-devices.ts'
import type { Expectation } from './expectation.ts'
import { NotApplicableError } from './not-applicable-error.ts'

export const metadataStatement = 'the device metadata of every container describes the allocated devices'

type MetadataFile = NonNullable<VisibleDevices['device_metadata']>[number]

/** Of each node, the drivers that write metadata are those of which a container has a file. Throws a NotApplicableError for none. */
export async function judgeDeviceMetadata(pods: ClaimedPods): Promise<Expectation> {
  const seen = await pods.look()
  if (seen.every((one) => filesOf(one).length === 0))
    throw new NotApplicableError('no driver writes device metadata (KEP-5304) into the containers')
  const reasons = seen.flatMap((one) => {
    const others = seen.filter(({ node }) => node === one.node)
    return deviations(one, new Set(others.flatMap(filesOf).flatMap(driversOf)))
  })
  const described = seen.flatMap(filesOf).reduce((sum, { devices }) => sum + devices.length, 0)
  return {
    statement: metadataStatement,
    verdict: reasons.length === 0 ? 'passed' : 'failed',
    ...(reasons.length === 0 ? {} : { code: 'DEVICE_METADATA_WRONG' as const }),
    reasons,
    measured: `${described} devices in ${seen.length} containers, ${reasons.length} deviations`,
    limit: '0',
    properties: { containers: seen.length, devices: described, deviations: reasons.length },
    emulated: pods.emulated,
  }
}

const filesOf = ({ visible }: ContainerObservation): readonly MetadataFile[] => visible.device_metadata ?? []

/** A file without devices has its driver in its name, `<driver>-metadata.json`. */
const driversOf = ({ path, devices }: MetadataFile): readonly string[] =>
  devices.length > 0
    ? devices.map(({ driver }) => driver)
    : [(path.split('/').at(-1) ?? '').replace('-metadata.json', '')]

function deviations(one: ContainerObservation, drivers: ReadonlySet<string>): readonly string[] {
  const where = `container ${one.container} on ${one.node}`
  const files = filesOf(one)
  const allocated = [...one.allocated.gpus, ...one.allocated.nics].filter(({ driver }) => drivers.has(driver))
  const described = files.flatMap(({ devices }) => devices)
  const unread = files.flatMap(({ path, error }) =>
    error === null ? [] : `${where}: ${path} cannot be read: ${error}`,
  )
  const unreadDrivers = new Set(files.filter(({ error }) => error !== null).flatMap(driversOf))
  return [
    ...unread,
    ...allocated
      .filter(({ driver }) => !unreadDrivers.has(driver))
      .flatMap((device) => deviationOf(device, described) ?? [])
      .map((deviation) => `${where}: ${deviation}`),
    ...described
      .filter((device) => !allocated.some((claimed) => describes(device, claimed)))
      .map((device) => `${where}: ${nameOf(device)} is described, which is not allocated`),
  ]
}

type Described = MetadataFile['devices'][number]

const describes = (
  described: Described,
  { driver, pool, name, request }: AllocatedGpu | AllocatedNic,
): boolean =>
  described.driver === driver &&
  described.pool === pool &&
  described.device === name &&
  described.request === request

const nameOf = ({ request, driver, pool, device }: Described): string =>
  `device ${driver}/${pool}/${device} of request ${request}`

function deviationOf(
  allocated: AllocatedGpu | AllocatedNic,
  described: readonly Described[],
): string | undefined {
  const { request, driver, pool, name, pciAddress } = allocated
  const found = described.find((device) => describes(device, allocated))
  if (found === undefined)
    return `${nameOf({ request, driver, pool, device: name, pci_address: null })} is not described`
  const address = found.pci_address === null ? undefined : sysfsPciAddress(found.pci_address)
  if (address === undefined || pciAddress === undefined || address === pciAddress) return undefined
  return `${nameOf(found)} has PCI address ${address} in the metadata and ${pciAddress} in its slice`
}
