/**
 * When a lab is ready: its API answers, all nodes are Ready, all slices published, the DeviceClasses and the default
 * ServiceAccount there. Takes access to the API and what to expect; gives what is still missing, nothing when ready.
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

/** Creates the DeviceClasses; false while the API does not take them yet. */
export async function createClasses(access: ApiAccess, rack: Rack): Promise<boolean> {
  for (const deviceClass of publishRack(rack).classes) {
    const { status } = await apiRequest(access, 'POST', '/apis/resource.k8s.io/v1/deviceclasses', deviceClass)
    if (status !== 201 && status !== 409) return false
  }
  return true
}

/** In words; empty: nothing. */
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
    return ready ? [] : [`node ${node} Ready`]
  })
}

async function unpublished(access: ApiAccess, rack: Rack, nodes: readonly string[]): Promise<string[]> {
  const { body } = await apiRequest(access, 'GET', '/apis/resource.k8s.io/v1/resourceslices')
  const { items } = slicesSchema.parse(body)
  return publishRack(rack)
    .slices.filter(({ spec }) => spec.nodeName !== undefined && nodes.includes(spec.nodeName))
    .flatMap(({ spec }) => {
      const there = items.filter(
        (item) => item.spec.nodeName === spec.nodeName && item.spec.driver === spec.driver,
      )
      const count = there.reduce((sum, item) => sum + (item.spec.devices?.length ?? 0), 0)
      const wanted = spec.devices?.length ?? 0
      return there.length > 0 && count === wanted
        ? []
        : [`${wanted} devices of ${spec.driver} on ${spec.nodeName}`]
    })
}
