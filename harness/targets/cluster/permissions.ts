/**
 * Every right that a run uses, as RBAC names it, and which of them the user lacks. Takes an API; gives missing rights.
 * `deploy/rbac.yaml` grants exactly these; a test holds the two against each other.
 */
import { z } from 'zod'
import type { Api } from './api-client.ts'

export interface Permission {
  readonly group: string
  /** With its subresource: `pods/log`. */
  readonly resource: string
  readonly verb: string
}

const DRA = 'resource.k8s.io'
const USED: readonly (readonly [group: string, resource: string, verbs: string])[] = [
  ['', 'namespaces', 'create patch list watch delete'],
  ['', 'pods', 'create patch list watch delete'],
  ['', 'pods/log', 'get'],
  // An exec begins as a GET and is authorized as what it is besides.
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

/** Asks the API server itself, right by right. */
export async function missingPermissions(
  api: Api,
  rights: readonly Permission[] = PERMISSIONS,
): Promise<readonly Permission[]> {
  const asked = await Promise.all(
    rights.map(async (right) => {
      const [resource, subresource] = right.resource.split('/')
      const review = reviewSchema.parse(
        await api.json({
          verb: 'create',
          resource: 'selfsubjectaccessreviews.authorization.k8s.io',
          subject: `right to ${describePermission(right)}`,
          path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
          body: {
            apiVersion: 'authorization.k8s.io/v1',
            kind: 'SelfSubjectAccessReview',
            spec: { resourceAttributes: { group: right.group, resource, subresource, verb: right.verb } },
          },
        }),
      )
      return review.status.allowed ? [] : [right]
    }),
  )
  return asked.flat()
}
