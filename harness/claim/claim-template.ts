/**
 * A placement as a ResourceClaimTemplate. Takes placement, SKU and how this cluster publishes NUMA nodes; gives the
 * template. GPUs go by numaNode where every GPU publishes it, else by the SKU's PCI addresses; NICs by rdma and numaNode.
 */
import { ClaimcheckError } from '../core/errors.ts'
import type { Sku } from '../sku/sku.ts'
import type { DeviceRequest, ResourceClaimTemplate } from '../dra/objects.ts'
import type { NumaAttribute, NumaAttributes } from './numa-attribute.ts'
import { checkPlacement, type Placement } from './placement.ts'
import { NIC_DRIVER, STANDARD_DOMAIN } from './published-device.ts'

export const GPU_CLASS = 'gpu.nvidia.com'
export const NIC_CLASS = 'dranet.net'
export const GPU_REQUEST = 'gpu'
export const NIC_REQUEST = 'nic'

export interface TemplateOptions {
  /** From `numaAttributesOf(slices)`. */
  readonly published: NumaAttributes
  /** Default: `h100x8-4gpu-4nic-numa-aligned`. */
  readonly name?: string
}

/** Throws EXPECTATION_INVALID for a placement that the SKU cannot have, SLICE_INVALID where no NIC publishes numaNode. */
export function numaTemplate(
  placement: Placement,
  sku: Sku,
  options: TemplateOptions,
): ResourceClaimTemplate {
  checkPlacement(placement, sku)
  const { gpus, nics, arm } = placement
  const { gpu, nic } = options.published
  if (nic === undefined) {
    throw new ClaimcheckError('SLICE_INVALID', {
      subject: `placement "${arm}"`,
      problem: 'cannot select NICs by NUMA node',
      expected: `numaNode on every RDMA NIC, as ${NIC_DRIVER}/numaNode or ${STANDARD_DOMAIN}/numaNode`,
      found: 'neither of them on all of the published RDMA NICs',
      hint: 'See with "claimcheck discover" which NIC lacks it; sysfs numa_node -1 is published as nothing.',
    })
  }
  const requests = [
    request(
      GPU_REQUEST,
      GPU_CLASS,
      gpus.count,
      gpu === undefined ? byAddress(placement, sku) : byNode(gpu, gpus.numaNode),
    ),
    request(
      NIC_REQUEST,
      NIC_CLASS,
      nics.count,
      `${attribute(NIC_DRIVER, 'rdma')} == true && ${isOn(nic, nics.numaNode)}`,
    ),
  ]
  return {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaimTemplate',
    metadata: { name: options.name ?? `${sku.name}-${gpus.count}gpu-${nics.count}nic-numa-${arm}` },
    spec: { spec: { devices: { requests } } },
  }
}

/** All GPUs of the SKU, by their PCI addresses, which every driver publishes. */
export function allGpusTemplate(sku: Sku): ResourceClaimTemplate {
  const expression = among(sku.gpus)
  return {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaimTemplate',
    metadata: { name: `${sku.name}-${sku.gpus.length}gpu` },
    spec: { spec: { devices: { requests: [request(GPU_REQUEST, GPU_CLASS, sku.gpus.length, expression)] } } },
  }
}

function request(name: string, deviceClassName: string, count: number, expression: string): DeviceRequest {
  return { name, exactly: { deviceClassName, count, selectors: [{ cel: { expression } }] } }
}

const byAddress = ({ gpus }: Placement, sku: Sku): string =>
  among(sku.gpus.filter((gpu) => gpu.numaNode === gpus.numaNode))

const among = (gpus: Sku['gpus']): string =>
  `${attribute(STANDARD_DOMAIN, 'pciBusID')} in [${gpus.map(({ pciBusID }) => `"${pciBusID}"`).join(',')}]`

function byNode(numa: NumaAttribute, node: number): string {
  return `"numaNode" in device.attributes["${numa.domain}"] && ${isOn(numa, node)}`
}

function isOn({ domain, list }: NumaAttribute, node: number): string {
  const value = attribute(domain, 'numaNode')
  return list ? `${node} in ${value}` : `${value} == ${node}`
}

const attribute = (domain: string, id: string): string => `device.attributes["${domain}"]["${id}"]`
