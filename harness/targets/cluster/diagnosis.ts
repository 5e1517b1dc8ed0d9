/**
 * Collects the diagnostics of a failed run as JSON: pods, claims, events, the ends of logs, published devices and the number
 * of requests. A part that cannot be read is replaced by the error.
 */
import type { ResourceSlice } from '../../dra/objects.ts'
import { devicesOf } from '../../claim/published-device.ts'
import { textOf, type Api } from './api-client.ts'
import { operationOn } from './object-client.ts'
import type { PodInformers } from './pod-informers.ts'
import * as resources from './api-resources.ts'

const MAX_LINES = 40
const MAX_BYTES = 16_384
const MAX_OBJECTS = 16
const LOG_TIMEOUT_MS = 10_000

export async function diagnosisOf(of: {
  readonly api: Api
  readonly informers: PodInformers
  readonly namespace: string
  readonly slices: readonly ResourceSlice[]
}): Promise<object> {
  const { api, informers, namespace, slices } = of
  const pods = informers.pods.all.slice(0, MAX_OBJECTS)
  const containers = pods.flatMap(({ metadata, status }) =>
    (status.containerStatuses ?? [])
      .filter(({ state }) => state?.waiting === undefined)
      .map((container) => ({ pod: metadata.name, container: container.name })),
  )
  const logs = await Promise.all(
    containers.map(
      async (one) => [`${one.pod}/${one.container}`, await orError(tailOf(api, namespace, one))] as const,
    ),
  )
  return {
    pods: pods.map(({ metadata, spec, status }) => ({
      name: metadata.name,
      node: spec.nodeName,
      deleted: metadata.deletionTimestamp,
      status,
    })),
    claims: informers.claims.all.slice(0, MAX_OBJECTS).map(({ metadata, spec, status }) => ({
      name: metadata.name,
      finalizers: metadata.finalizers,
      spec,
      status,
    })),
    events: await orError(informers.eventsOf()),
    logs: Object.fromEntries(logs),
    published: devicesOf(slices).map(({ node, driver, name, pciAddress, numaNodes }) => ({
      node,
      driver,
      name,
      pciAddress,
      numaNodes,
    })),
    requests: Object.fromEntries(api.requests),
  }
}

async function tailOf(
  api: Api,
  namespace: string,
  { pod, container }: { readonly pod: string; readonly container: string },
): Promise<string> {
  const request = {
    ...operationOn('get', { resource: resources.pods, namespace, name: pod, subresource: 'log' }),
    query: { container, tailLines: String(MAX_LINES), limitBytes: String(MAX_BYTES) },
  }
  api.count(request)
  return textOf(await api.open(request, LOG_TIMEOUT_MS), request)
}

const orError = async <T>(work: Promise<T>): Promise<T | string> =>
  work.catch((error: unknown) => `could not be read: ${String(error)}`)
