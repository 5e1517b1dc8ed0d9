/**
 * What a person would look at first when something went wrong: pods, claims, events, last lines, published devices. Takes
 * what the run has; gives JSON, bounded. A part that cannot be read says so and keeps nothing else from being told.
 */
import type { ResourceSlice } from '../../dra/objects.ts'
import { devicesOf } from '../../claim/published-device.ts'
import { textOf, type Api } from './api-client.ts'
import { operationOn } from './object-client.ts'
import type { PodInformers } from './pod-informers.ts'
import * as resources from './api-resources.ts'

const LAST_LINES = 40
const MOST_BYTES = 16_384
const MOST_PODS = 16

export async function diagnosisOf(of: {
  readonly api: Api
  readonly store: PodInformers
  readonly namespace: string
  readonly slices: readonly ResourceSlice[]
}) {
  const { api, store, namespace, slices } = of
  const pods = store.pods.all.slice(0, MOST_PODS)
  const containers = pods.flatMap(({ metadata, status }) =>
    (status.containerStatuses ?? [])
      .filter(({ state }) => state?.waiting === undefined)
      .map((container) => ({ pod: metadata.name, container: container.name })),
  )
  const logs = await Promise.all(
    containers.map(
      async (one) => [`${one.pod}/${one.container}`, await said(lastLines(api, namespace, one))] as const,
    ),
  )
  return {
    pods: pods.map(({ metadata, spec, status }) => ({
      name: metadata.name,
      node: spec.nodeName,
      deleted: metadata.deletionTimestamp,
      status,
    })),
    claims: store.claims.all.slice(0, MOST_PODS).map(({ metadata, spec, status }) => ({
      name: metadata.name,
      finalizers: metadata.finalizers,
      spec,
      status,
    })),
    events: await said(store.eventsOf()),
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

async function lastLines(
  api: Api,
  namespace: string,
  { pod, container }: { readonly pod: string; readonly container: string },
): Promise<string> {
  const request = {
    ...operationOn('get', { resource: resources.pods, namespace, name: pod, subresource: 'log' }),
    query: { container, tailLines: String(LAST_LINES), limitBytes: String(MOST_BYTES) },
  }
  api.count(request)
  return textOf(await api.open(request, 10_000))
}

const said = async <T>(work: Promise<T>): Promise<T | string> =>
  work.catch((error: unknown) => `could not be read: ${String(error)}`)
