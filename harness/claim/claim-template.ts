/**
 * Placements as ResourceClaimTemplates. GPUs are selected by NUMA node where the drivers publish the nodes that the profile
 * states, else by the profile's PCI addresses; NICs by RDMA and NUMA node, else by their PCI addresses.
 */
import { ClaimcheckError } from '../core/errors.ts'
import { objectName } from '../core/object-name.ts'
import type { DeviceClass, DeviceRequest, ResourceClaimTemplate } from '../dra/objects.ts'
import { vendorOf } from '../sku/sku-vendor.ts'
import type { Sku } from '../sku/sku.ts'
import type { AttributeName } from '../vendors/gpu-vendor.ts'
import { dranet } from '../vendors/dranet.ts'
import { deviceClassName } from './device-class.ts'
import { alignmentOf, checkPlacement, describePlacement, type Placement } from './placement.ts'
import type { GpuPublication, NicPublication, NumaAttribute, Publication } from './publication.ts'

const GPU_REQUEST = 'gpu'
const NIC_REQUEST = 'nic'

export interface TemplateOptions {
  /** From `publicationOf(slices)`. */
  readonly published: Publication
  /** Those of the cluster; absent: the drivers' usual names are taken. */
  readonly classes?: readonly DeviceClass[]
  /** Default: `h100x8-4gpu-4nic-numa-aligned`. */
  readonly name?: string
}

/**
 * Throws EXPECTATION_INVALID for a placement that the SKU cannot have, SLICE_INVALID where the driver publishes neither NUMA
 * node nor PCI address of the devices.
 */
export function numaTemplate(
  placement: Placement,
  sku: Sku,
  options: TemplateOptions,
): ResourceClaimTemplate {
  checkPlacement(placement, sku)
  const { gpus, nics, memory } = placement
  if (memory === 'host') {
    const name = `${sku.name}-numa-${gpus.numaNode}-host-${nics.count}nic-numa-${alignmentOf(placement, sku)}`
    return template(options.name ?? name, [nicRequest(sku, options, placement)])
  }
  return template(options.name ?? templateName(placement, sku), [
    gpuRequest(sku, options, {
      count: gpus.count,
      gpus: sku.gpus.filter(({ numaNode }) => numaNode === gpus.numaNode),
      numaNode: gpus.numaNode,
    }),
    nicRequest(sku, options, placement),
  ])
}

/** `h100x8-4gpu-4nic-numa-aligned`; `h100x8-4gpu-4nic-numa1-aligned` for GPUs of NUMA node 1. */
function templateName(placement: Placement, sku: Sku): string {
  const { gpus, nics } = placement
  const node = gpus.numaNode === 0 ? '' : gpus.numaNode
  return `${sku.name}-${gpus.count}gpu-${nics.count}nic-numa${node}-${alignmentOf(placement, sku)}`
}

/** All GPUs of the SKU. Throws SLICE_INVALID where the driver publishes no PCI address of them. */
export function allGpusTemplate(sku: Sku, options: Omit<TemplateOptions, 'name'>): ResourceClaimTemplate {
  return template(`${sku.name}-${sku.gpus.length}gpu`, [
    gpuRequest(sku, options, { count: sku.gpus.length, gpus: sku.gpus }),
  ])
}

const template = (name: string, requests: readonly DeviceRequest[]): ResourceClaimTemplate => ({
  apiVersion: 'resource.k8s.io/v1',
  kind: 'ResourceClaimTemplate',
  metadata: { name: objectName(name) },
  spec: { spec: { devices: { requests } } },
})

const request = (name: string, className: string, count: number, expression: string): DeviceRequest => ({
  name,
  exactly: { deviceClassName: className, count, selectors: [{ cel: { expression } }] },
})

function gpuRequest(
  sku: Sku,
  { published, classes }: TemplateOptions,
  wanted: { readonly count: number; readonly gpus: Sku['gpus']; readonly numaNode?: number },
): DeviceRequest {
  const vendor = vendorOf(sku)
  const publication = published.gpus.find((one) => one.vendor === vendor)
  const className = deviceClassName({
    stated: sku.gpu.deviceClass,
    driver: vendor.driver,
    usual: [vendor.deviceClass],
    classes,
  })
  const whole =
    publication?.hasPartialGpus === true
      ? [`${attribute({ domain: vendor.driver, name: 'type' })} == "${vendor.wholeGpuType}"`]
      : []
  const selected =
    wanted.numaNode !== undefined && publication !== undefined && publishesStatedNodes(publication, sku)
      ? byNumaNode(publication.numaNode, wanted.numaNode)
      : byGpuAddress(sku, publication, wanted.gpus)
  return request(GPU_REQUEST, className, wanted.count, [...whole, ...selected].join(' && '))
}

/** Whether selecting by the published NUMA node selects what the profile means: a GB200 publishes a node of its own memory. */
function publishesStatedNodes({ numaNode, gpus }: GpuPublication, sku: Sku): boolean {
  if (numaNode?.onAll !== true) return false
  return gpus.every(({ pciAddress, numaNodes }) => {
    const stated = sku.gpus.find((gpu) => gpu.pciBusID === pciAddress)
    return stated === undefined || numaNodes?.[0] === stated.numaNode
  })
}

function byNumaNode(numa: NumaAttribute | undefined, node: number): string[] {
  if (numa === undefined) return []
  return [`"numaNode" in device.attributes["${numa.domain}"]`, isOnNode(numa, node)]
}

function byGpuAddress(sku: Sku, publication: GpuPublication | undefined, gpus: Sku['gpus']): string[] {
  const name = publication === undefined ? vendorOf(sku).pciAddressAttributes[0] : publication.pciAddress
  if (name !== undefined)
    return [
      isOneOf(
        name,
        gpus.map(({ pciBusID }) => publication?.publishedAddresses.get(pciBusID) ?? pciBusID),
      ),
    ]
  throw new ClaimcheckError('SLICE_INVALID', {
    subject: `the GPUs of driver ${vendorOf(sku).driver}`,
    problem: 'cannot be selected',
    expected: `on every GPU one of ${vendorOf(sku)
      .pciAddressAttributes.map(({ domain, name: id }) => `${domain}/${id}`)
      .join(', ')}`,
    found: 'none of them on all of the published GPUs',
    hint: 'Look at `kubectl get resourceslices -o yaml`; a newer driver publishes the PCI address.',
  })
}

function nicRequest(sku: Sku, { published, classes }: TemplateOptions, placement: Placement): DeviceRequest {
  const { count, numaNode } = placement.nics
  const publication = nicPublicationFor(sku, published)
  const driver = publication?.driver ?? dranet
  const className = deviceClassName({
    stated: sku.nic.deviceClass,
    driver: driver.driver,
    usual: driver.deviceClasses,
    classes,
  })
  const underTest = sku.nic.underTest === undefined ? [] : [`(${sku.nic.underTest})`]
  const selected = nicSelection(sku, publication, placement, numaNode)
  return request(
    NIC_REQUEST,
    className,
    count,
    [driver.rdmaCondition, ...underTest, ...selected].join(' && '),
  )
}

function nicSelection(
  sku: Sku,
  publication: NicPublication | undefined,
  placement: Placement,
  numaNode: number,
): string[] {
  const own = sku.nics
    .filter((nic) => nic.numaNode === placement.nics.numaNode)
    .map(({ pciAddress }) => pciAddress)
  const published = publication?.nics.filter(({ pciAddress }) => own.includes(pciAddress ?? '')) ?? []
  const numa = publication?.numaNode
  // A NIC of which no node is published is not selected by one.
  if (numa !== undefined && published.every(({ numaNodes }) => numaNodes !== undefined)) {
    const guard = numa.onAll ? [] : [`"numaNode" in device.attributes["${numa.domain}"]`]
    return [...guard, isOnNode(numa, numaNode)]
  }
  if (publication !== undefined && published.length > 0)
    return [isOneOf(publication.driver.pciAddressAttribute, own)]
  throw new ClaimcheckError('SLICE_INVALID', {
    subject: `the placement "${describePlacement(placement)}"`,
    problem: 'cannot select NICs by NUMA node',
    expected: `on every RDMA NIC ${(publication?.driver ?? dranet).numaNodeDomains.map((domain) => `${domain}/numaNode`).join(' or ')}, or the PCI addresses that the profile states`,
    found: 'neither of them on the published RDMA NICs',
    hint: 'See with `npx claimcheck discover` which NIC lacks it; a sysfs numa_node of -1 is published as nothing.',
  })
}

/** Of the driver that publishes the profile's NICs, where several drivers publish NICs. */
function nicPublicationFor(sku: Sku, { nics }: Publication): NicPublication | undefined {
  const stated = new Set(sku.nics.map(({ pciAddress }) => pciAddress))
  const count = (one: NicPublication): number =>
    one.nics.filter(({ pciAddress }) => pciAddress !== undefined && stated.has(pciAddress)).length
  return nics.toSorted((a, b) => count(b) - count(a))[0]
}

function isOnNode({ domain, list }: NumaAttribute, node: number): string {
  const value = attribute({ domain, name: 'numaNode' })
  return list ? `${value}[0] == ${node}` : `${value} == ${node}`
}

const isOneOf = (name: AttributeName, values: readonly string[]): string =>
  `${attribute(name)} in [${values.map((value) => `"${value}"`).join(',')}]`

const attribute = ({ domain, name }: AttributeName): string => `device.attributes["${domain}"]["${name}"]`
