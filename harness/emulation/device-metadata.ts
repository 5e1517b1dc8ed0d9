/**
 * The files in which an emulated node's drivers describe the devices of a claim in its containers, as KEP-5304 has it: one for
 * each request and driver, with the published attributes.
 */
import type { DeviceAllocation, ResourceClaim, ResourceSlice } from '../dra/objects.ts'

const FOLDER = '/var/run/kubernetes.io/dra-device-attributes/resourceclaimtemplates'
const API_VERSION = 'metadata.resource.k8s.io/v1alpha1'
/** The name of the claim in the pod's `resourceClaims`. */
const POD_CLAIM = 'devices'

export interface MetadataFile {
  readonly path: string
  readonly content: string
  readonly devices: readonly DeviceAllocation[]
}

/** The files of an allocated claim; none for a claim without an allocation. */
export function deviceMetadataFiles(
  { metadata, status }: ResourceClaim,
  slices: readonly ResourceSlice[],
): readonly MetadataFile[] {
  const byFile = Map.groupBy(
    status?.allocation?.devices.results ?? [],
    ({ request, driver }) => `${FOLDER}/${POD_CLAIM}/${request.split('/')[0]}/${driver}-metadata.json`,
  )
  return [...byFile].map(([path, devices]) => {
    const requests = [...Map.groupBy(devices, ({ request }) => request)].map(([name, allocated]) => ({
      name,
      devices: allocated.map(({ driver, pool, device }) => ({
        driver,
        pool,
        name: device,
        attributes: attributesOf(slices, { driver, pool, device }),
      })),
    }))
    const object = {
      apiVersion: API_VERSION,
      kind: 'DeviceMetadata',
      metadata,
      podClaimName: POD_CLAIM,
      requests,
    }
    return { path, content: `${JSON.stringify(object)}\n`, devices }
  })
}

function attributesOf(
  slices: readonly ResourceSlice[],
  { driver, pool, device }: Omit<DeviceAllocation, 'request'>,
) {
  const ofPool = slices.filter(({ spec }) => spec.driver === driver && spec.pool.name === pool)
  return ofPool.flatMap(({ spec }) => spec.devices ?? []).find(({ name }) => name === device)?.attributes
}
