/** The API resources that claimcheck uses, and the paths at which the API server serves them. */

export interface Resource {
  readonly kind: string
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly namespaced: boolean
}

const core = (kind: string, plural: string, namespaced: boolean): Resource => ({
  kind,
  group: '',
  version: 'v1',
  plural,
  namespaced,
})
const dra = (kind: string, plural: string, namespaced: boolean): Resource => ({
  kind,
  group: 'resource.k8s.io',
  version: 'v1',
  plural,
  namespaced,
})

export const namespaces = core('Namespace', 'namespaces', false)
export const leases: Resource = {
  kind: 'Lease',
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  namespaced: true,
}
export const nodes = core('Node', 'nodes', false)
export const pods = core('Pod', 'pods', true)
export const secrets = core('Secret', 'secrets', true)
export const events = core('Event', 'events', true)
export const resourceSlices = dra('ResourceSlice', 'resourceslices', false)
export const deviceClasses = dra('DeviceClass', 'deviceclasses', false)
export const resourceClaims = dra('ResourceClaim', 'resourceclaims', true)
export const resourceClaimTemplates = dra('ResourceClaimTemplate', 'resourceclaimtemplates', true)

/** Returns the path of a collection: of one namespace, or of all if `namespace` is absent. */
export function collection(resource: Resource, namespace?: string): string {
  const { group, version, plural } = resource
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  return namespace === undefined ? `${root}/${plural}` : `${root}/namespaces/${namespace}/${plural}`
}

export interface Named {
  readonly resource: Resource
  readonly namespace?: string | undefined
  readonly name: string
  /** `log`, `exec`. */
  readonly subresource?: string
}

export function pathOf({ resource, namespace, name, subresource }: Named): string {
  const path = `${collection(resource, namespace)}/${encodeURIComponent(name)}`
  return subresource === undefined ? path : `${path}/${subresource}`
}
