/**
 * What a pod may see of its node's NICs: the character devices of /dev/infiniband and the interfaces. Which character device
 * belongs to which NIC is read from the node itself, through the pod's /sys; each kind has numbers of its own, and a NIC has
 * only the kinds that its driver offers.
 */
import type { Sku } from '../sku/sku.ts'
import type { AllocatedNic } from './allocated-claim.ts'
import { nicName, skuNicOf } from './sku-device.ts'

/** An entry of /dev/infiniband, as a container lists it. */
interface ListedDevice {
  readonly path: string
  readonly opens: boolean
  /** The RDMA device that the node's /sys gives it to; absent from records of older versions. */
  readonly rdma_device?: string | null | undefined
}

/** What a container lists, beside what the node's /sys says. */
export interface Listing {
  readonly infiniband: readonly ListedDevice[]
  readonly rdma?:
    | readonly {
        readonly name: string
        /** Null for software RDMA. */
        readonly pci_address: string | null
        readonly char_devices: readonly { readonly kind: string; readonly path: string }[]
      }[]
    | undefined
  /** Null or absent: the node has no connection manager. */
  readonly rdma_cm?: { readonly path: string } | null | undefined
}

export interface DeviceComparison {
  readonly missing: readonly string[]
  readonly leaked: readonly {
    readonly path: string
    /** The NIC it belongs to. */
    readonly nic: string | undefined
  }[]
  readonly unopenable: readonly string[]
}

const FOLDER = '/dev/infiniband'
/** The kinds that a process needs to use a NIC; `issm` is for subnet managers, and no driver has to hand it out. */
const NEEDED = new Set(['uverbs', 'umad', 'ucm'])

/** Holds what a container lists against the NICs of its pod's claims. */
export function compareCharDevices(
  listing: Listing,
  nics: readonly AllocatedNic[],
  sku: Sku,
): DeviceComparison {
  const claimed = nics.filter(({ rdma }) => rdma)
  const { needed, allowed, ownerOf } =
    listing.rdma?.some(({ char_devices: own }) => own.length > 0) === true
      ? bySysfs(listing, claimed, sku)
      : byProfile(claimed, sku)
  const paths = new Set(listing.infiniband.map(({ path }) => path))
  return {
    missing: needed.filter((path) => !paths.has(path)),
    leaked: listing.infiniband
      .filter(({ path }) => !allowed.has(path))
      .map((device) => ({ path: device.path, nic: ownerOf(device) })),
    unopenable: listing.infiniband
      .filter(({ path, opens }) => needed.includes(path) && !opens)
      .map(({ path }) => path),
  }
}

interface Entitlement {
  /** Must be there, and open. */
  readonly needed: readonly string[]
  readonly allowed: ReadonlySet<string>
  readonly ownerOf: (device: ListedDevice) => string | undefined
}

function bySysfs(
  { rdma = [], rdma_cm: connectionManager }: Listing,
  claimed: readonly AllocatedNic[],
  sku: Sku,
): Entitlement {
  const isClaimed = ({ name, pci_address: address }: (typeof rdma)[number]): boolean =>
    claimed.some((nic) =>
      address !== null && nic.pciAddress !== undefined
        ? nic.pciAddress === address
        : nic.rdmaDevice === name || skuNicOf(nic, sku)?.name === name,
    )
  const own = rdma.filter(isClaimed).flatMap(({ char_devices: files }) => files)
  const shared = connectionManager === null || connectionManager === undefined ? [] : [connectionManager.path]
  return {
    needed:
      claimed.length === 0
        ? []
        : [...shared, ...own.filter(({ kind }) => NEEDED.has(kind)).map(({ path }) => path)],
    allowed: new Set([`${FOLDER}/rdma_cm`, ...own.map(({ path }) => path)]),
    ownerOf: ({ path, rdma_device: name }) => {
      const device = rdma.find((one) =>
        name === null || name === undefined
          ? one.char_devices.some((file) => file.path === path)
          : one.name === name,
      )
      return sku.nics.find(({ pciAddress }) => pciAddress === device?.pci_address)?.name ?? device?.name
    },
  }
}

/** For records that hold nothing of /sys: by the numbers that the profile states. */
function byProfile(claimed: readonly AllocatedNic[], sku: Sku): Entitlement {
  const own = claimed.flatMap((nic) => {
    const number = skuNicOf(nic, sku)?.charDevice
    return number === undefined ? [] : ['uverbs', 'umad'].map((kind) => `${FOLDER}/${kind}${number}`)
  })
  const needed = own.length === 0 ? [] : [`${FOLDER}/rdma_cm`, ...own]
  return {
    needed,
    allowed: new Set(needed),
    ownerOf: ({ path }) => {
      const number = /^\/dev\/infiniband\/(?:uverbs|umad|issm)(\d+)$/.exec(path)?.[1]
      return sku.nics.find(({ charDevice }) => String(charDevice) === number)?.name
    },
  }
}

/** Loopback, the pod network, and the claimed interfaces. A NIC for RDMA alone has none. */
export function expectedInterfaces(nics: readonly AllocatedNic[], sku: Sku): ReadonlySet<string> {
  return new Set(['lo', 'eth0', ...nics.flatMap((nic) => interfaceName(nic, sku) ?? [])])
}

/**
 * Interfaces over which emulated NICs for RDMA alone move their bytes, since an emulated rack has no RDMA. They have the names
 * of the RDMA devices, and pods on hardware do not have them.
 */
export const emulationInterfaces = (nics: readonly AllocatedNic[], sku: Sku): ReadonlySet<string> =>
  new Set(nics.filter((nic) => interfaceName(nic, sku) === undefined).map((nic) => nicName(nic, sku)))

const interfaceName = (nic: AllocatedNic, sku: Sku): string | undefined =>
  nic.ifName ?? skuNicOf(nic, sku)?.ifName
