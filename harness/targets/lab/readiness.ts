/**
 * Checks whether a lab is ready: the default ServiceAccount exists, all nodes are Ready, and the drivers have published all
 * devices.
 */
import { z } from 'zod'
import { publishRack } from '../../emulation/publish-rack.ts'
import type { Rack } from '../../rack/rack.ts'
import { apiRequest, type ApiAccess } from './api-request.ts'

const nodesSchema = z.looseObject({
  items: z.array(
    z.looseObject({
      metadata: z.looseObject({ name: z.string() }),
      status: z.looseObject({
        conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).default([]),
      }),
    }),
  ),
})
const slicesSchema = z.looseObject({
  items: z.array(
    z.looseObject({
      spec: z.looseObject({
        nodeName: z.string().optional(),
        driver: z.string(),
        devices: z.array(z.unknown()).nullish(),
      }),
    }),
  ),
})

/** Creates the DeviceClasses. Resolves with false if the API server does not accept them yet. */
export async function createClasses(access: ApiAccess, rack: Rack): Promise<boolean> {
  for (const deviceClass of publishRack(rack).classes) {
    const { status } = await apiRequest(access, 'POST', '/apis/resource.k8s.io/v1/deviceclasses', deviceClass)
    if (status !== 201 && status !== 409) return false
  }
  return true
}

/** Lists what is missing, as text; empty for a lab that is ready. */
export async function missingParts(
  access: ApiAccess,
  rack: Rack,
  nodes: readonly string[],
): Promise<readonly string[]> {
  const account = await apiRequest(access, 'GET', '/api/v1/namespaces/default/serviceaccounts/default')
  return [
    ...(account.status === 200 ? [] : ['the default ServiceAccount']),
    ...(nodes.length === 0
      ? []
      : [...(await unreadyNodes(access, nodes)), ...(await unpublished(access, rack, nodes))]),
  ]
}

async function unreadyNodes(access: ApiAccess, nodes: readonly string[]): Promise<string[]> {
  const { body } = await apiRequest(access, 'GET', '/api/v1/nodes')
  const { items } = nodesSchema.parse(body)
  return nodes.flatMap((node) => {
    const conditions = items.find(({ metadata }) => metadata.name === node)?.status.conditions ?? []
    const ready = conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
    return ready ? [] : [`node ${node} being Ready`]
  })
}

async function unpublished(access: ApiAccess, rack: Rack, nodes: readonly string[]): Promise<string[]> {
  const { body } = await apiRequest(access, 'GET', '/apis/resource.k8s.io/v1/resourceslices')
  const { items } = slicesSchema.parse(body)
  return publishRack(rack)
    .slices.filter(({ spec }) => spec.nodeName !== undefined && nodes.includes(spec.nodeName))
    .flatMap(({ spec }) => {
      const published = items.filter(
        (item) => item.spec.nodeName === spec.nodeName && item.spec.driver === spec.driver,
      )
      const count = published.reduce((sum, item) => sum + (item.spec.devices?.length ?? 0), 0)
      const expected = spec.devices?.length ?? 0
      return published.length > 0 && count === expected
        ? []
        : [`${expected} devices of ${spec.driver} on ${spec.nodeName}`]
    })
}
