/**
 * Every right that a run uses, as RBAC names it, and which of them the user lacks. Takes an API; gives missing rights.
 * `deploy/rbac.yaml` grants exactly these; a test holds the two against each other.
 */
import { z } from 'zod'
import type { Api } from './api-client.ts'

export interface Right {
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

export const RIGHTS: readonly Right[] = USED.flatMap(([group, resource, verbs]) =>
  verbs.split(' ').map((verb) => ({ group, resource, verb })),
)

export const describeRight = ({ group, resource, verb }: Right): string =>
  `${verb} ${resource}${group === '' ? '' : `.${group}`}`

const reviewSchema = z.looseObject({ status: z.looseObject({ allowed: z.boolean() }) })

/** Asks the API server itself, right by right. */
export async function missingRights(api: Api, rights: readonly Right[] = RIGHTS): Promise<readonly Right[]> {
  const asked = await Promise.all(
    rights.map(async (right) => {
      const [resource, subresource] = right.resource.split('/')
      const review = reviewSchema.parse(
        await api.json({
          verb: 'create',
          resource: 'selfsubjectaccessreviews.authorization.k8s.io',
          subject: `right to ${describeRight(right)}`,
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
