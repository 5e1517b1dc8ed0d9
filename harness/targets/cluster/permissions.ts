/**
 * The RBAC permissions that a run uses, and a check for those that the user lacks. A run that makes its Namespace uses those of
 * `deploy/base/rbac.yaml`; a run in an existing Namespace uses the narrower ones of `deploy/overlays/namespace/rbac.yaml`. A test enforces
 * that both files grant exactly these.
 */
import { z } from 'zod'
import type { Api } from './api-client.ts'

export interface Permission {
  readonly group: string
  /** Includes the subresource: `pods/log`. */
  readonly resource: string
  readonly verb: string
  /** Absent for all Namespaces. */
  readonly namespace?: string
  /** What a run lacks without it; absent for a permission that it requires. */
  readonly optional?: string
}

type Rule = readonly [group: string, resource: string, verbs: string, optional?: string]

const DRA = 'resource.k8s.io'

/** What a run does with the objects that it creates. */
const OBJECTS: readonly Rule[] = [
  ['', 'pods', 'create patch list watch delete'],
  ['', 'pods/log', 'get'],
  // The API server authorizes an exec over WebSocket as get, and as create too.
  ['', 'pods/exec', 'get create'],
  ['', 'secrets', 'create patch delete'],
  ['', 'events', 'list'],
  [DRA, 'resourceclaimtemplates', 'create patch'],
  [DRA, 'resourceclaims', 'list watch'],
]

/** What a run reads of the nodes and their devices. */
const HARDWARE: readonly Rule[] = [
  ['', 'nodes', 'list'],
  [DRA, 'resourceslices', 'list watch'],
  [DRA, 'deviceclasses', 'list'],
]

const NAMESPACES: Rule = ['', 'namespaces', 'create patch list watch delete']
const LEASES: Rule = ['coordination.k8s.io', 'leases', 'get create delete']
const OTHER_CLAIMS: Rule = [
  DRA,
  'resourceclaims',
  'list',
  'an error does not name the pod of another Namespace that holds a device',
]

/** The permissions of a run that makes its Namespace, or of one in an existing Namespace. */
export const permissionsIn = (namespace: string | undefined): readonly Permission[] =>
  namespace === undefined
    ? [NAMESPACES, ...OBJECTS, ...HARDWARE].flatMap((rule) => permissionsOf(rule))
    : [
        ...[...OBJECTS, LEASES].flatMap((rule) => permissionsOf(rule, namespace)).filter(isNoPatch),
        ...[...HARDWARE, OTHER_CLAIMS].flatMap((rule) => permissionsOf(rule)),
      ]

/** Objects are not applied there but created, so that none of somebody else is changed. */
const isNoPatch = ({ verb }: Permission): boolean => verb !== 'patch'

const permissionsOf = ([group, resource, verbs, optional]: Rule, namespace?: string): Permission[] =>
  verbs.split(' ').map((verb) => ({
    group,
    resource,
    verb,
    ...(namespace === undefined ? {} : { namespace }),
    ...(optional === undefined ? {} : { optional }),
  }))

export const describePermission = ({ group, resource, verb, namespace }: Permission): string =>
  `${verb} ${resource}${group === '' ? '' : `.${group}`}${namespace === undefined ? '' : ` in Namespace ${namespace}`}`

const reviewSchema = z.looseObject({ status: z.looseObject({ allowed: z.boolean() }) })

/** Returns the permissions that the API server does not grant to the user, one SelfSubjectAccessReview each. */
export async function missingPermissions(
  api: Api,
  permissions: readonly Permission[],
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
              resourceAttributes: {
                group: permission.group,
                resource,
                subresource,
                verb: permission.verb,
                namespace: permission.namespace,
              },
            },
          },
        }),
      )
      return review.status.allowed ? [] : [permission]
    }),
  )
  return denied.flat()
}
