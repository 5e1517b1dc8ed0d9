/**
 * The RBAC permissions that a run uses, and a check for those that the user lacks. `deploy/rbac.yaml` grants exactly these,
 * which a test enforces.
 */
import { z } from 'zod'
import type { Api } from './api-client.ts'

export interface Permission {
  readonly group: string
  /** Includes the subresource: `pods/log`. */
  readonly resource: string
  readonly verb: string
}

const DRA = 'resource.k8s.io'
const USED: readonly (readonly [group: string, resource: string, verbs: string])[] = [
  ['', 'namespaces', 'create patch list watch delete'],
  ['', 'pods', 'create patch list watch delete'],
  ['', 'pods/log', 'get'],
  // The API server authorizes an exec over WebSocket as get, and as create too.
  ['', 'pods/exec', 'get create'],
  ['', 'secrets', 'create patch delete'],
  ['', 'events', 'list'],
  ['', 'nodes', 'list'],
  [DRA, 'resourceclaimtemplates', 'create patch'],
  [DRA, 'resourceclaims', 'list watch'],
  [DRA, 'resourceslices', 'list watch'],
  [DRA, 'deviceclasses', 'list'],
]

export const PERMISSIONS: readonly Permission[] = USED.flatMap(([group, resource, verbs]) =>
  verbs.split(' ').map((verb) => ({ group, resource, verb })),
)

export const describePermission = ({ group, resource, verb }: Permission): string =>
  `${verb} ${resource}${group === '' ? '' : `.${group}`}`

const reviewSchema = z.looseObject({ status: z.looseObject({ allowed: z.boolean() }) })

/** Returns the permissions that the API server does not grant to the user, one SelfSubjectAccessReview each. */
export async function missingPermissions(
  api: Api,
  permissions: readonly Permission[] = PERMISSIONS,
): Promise<readonly Permission[]> {
  const denied = await Promise.all(
    permissions.map(async (permission) => {
      const [resource, subresource] = permission.resource.split('/')
      const review = reviewSchema.parse(
        await api.json({
          verb: 'create',
          resource: 'selfsubjectaccessreviews.authorization.k8s.io',
          subject: `permission to ${describePermission(permission)}`,
          path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
          body: {
            apiVersion: 'authorization.k8s.io/v1',
            kind: 'SelfSubjectAccessReview',
            spec: {
              resourceAttributes: { group: permission.group, resource, subresource, verb: permission.verb },
            },
          },
        }),
      )
      return review.status.allowed ? [] : [permission]
    }),
  )
  return denied.flat()
}
