/**
 * What a pod of an allocation must see, and nothing else: files of /dev/infiniband and interfaces. Takes the NICs
 * allocated to all the pod's claims and the SKU; gives what is missing, leaked or does not open.
 */
import { ClaimcheckError } from '../core/errors.ts'
import type { Sku, SkuNic } from '../sku/sku.ts'
import { skuNicOf } from './sku-device.ts'
import type { AllocatedNic } from './allocated-claim.ts'

export interface ListedDevice {
  readonly path: string
  readonly opens: boolean
}

export interface DeviceComparison {
  readonly missing: readonly string[]
  readonly leaked: readonly {
    readonly path: string
    /** The NIC it belongs to. */ readonly nic: string | undefined
  }[]
  readonly unopenable: readonly string[]
}

const FOLDER = '/dev/infiniband'
const SHARED = `${FOLDER}/rdma_cm`

/** `issm`: whether the NICs have subnet manager devices; virtual functions do not. Throws ALLOCATION_INVALID. */
export function expectedInfiniband(
  nics: readonly AllocatedNic[],
  sku: Sku,
  { issm = false }: { readonly issm?: boolean } = {},
): ReadonlySet<string> {
  const kinds = issm ? ['uverbs', 'umad', 'issm'] : ['uverbs', 'umad']
  const own = nics
    .filter(({ rdma }) => rdma)
    .flatMap((nic) => kinds.map((kind) => `${FOLDER}/${kind}${inSku(nic, sku).charDevice}`))
  return new Set(own.length === 0 ? [] : [SHARED, ...own])
}

/** The pod's interfaces: loopback, the pod network, the claimed ones. An InfiniBand-only NIC has none. */
export function expectedInterfaces(nics: readonly AllocatedNic[], sku: Sku): ReadonlySet<string> {
  return new Set(['lo', 'eth0', ...nics.flatMap((nic) => nic.ifName ?? skuNicOf(nic, sku)?.ifName ?? [])])
}

export function compareDevices(
  expected: ReadonlySet<string>,
  seen: readonly ListedDevice[],
  sku: Sku,
): DeviceComparison {
  const paths = new Set(seen.map(({ path }) => path))
  return {
    missing: [...expected].filter((path) => !paths.has(path)),
    leaked: seen
      .filter(({ path }) => !expected.has(path))
      .map(({ path }) => ({ path, nic: ownerOf(path, sku)?.name })),
    unopenable: seen.filter(({ path, opens }) => expected.has(path) && !opens).map(({ path }) => path),
  }
}

function ownerOf(path: string, sku: Sku): SkuNic | undefined {
  const number = /^\/dev\/infiniband\/(?:uverbs|umad|issm)(\d+)$/.exec(path)?.[1]
  return sku.nics.find(({ charDevice }) => String(charDevice) === number)
}

function inSku(nic: AllocatedNic, sku: Sku): SkuNic {
  const known = skuNicOf(nic, sku)
  if (known !== undefined) return known
  throw new ClaimcheckError('ALLOCATION_INVALID', {
    subject: `${nic.node}/${nic.name}`,
    problem: `is no NIC of SKU ${sku.name}, so its character devices are not known`,
    expected: `one of ${sku.nics.map(({ pciAddress }) => pciAddress).join(', ')}`,
    found: nic.pciAddress ?? 'no PCI address',
    hint: 'Check that the SKU profile is that of the node.',
  })
}
