/**
 * Schemas for the fields of API objects that claimcheck relies on. Parsed objects keep all other fields. The parsers throw
 * API_REFUSED for an object that does not match.
 */
import { z } from 'zod'
import type { ResourceClaim } from '../../dra/objects.ts'
import { ClaimcheckError } from '../../core/errors.ts'

const metadata = z.looseObject({
  name: z.string(),
  namespace: z.string().optional(),
  uid: z.string(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().optional(),
  finalizers: z.array(z.string()).optional(),
  ownerReferences: z.array(z.looseObject({ kind: z.string(), name: z.string(), uid: z.string() })).optional(),
})

const condition = z.looseObject({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
})
export type Condition = z.infer<typeof condition>

const terminated = z.looseObject({
  exitCode: z.int(),
  signal: z.int().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
})
const containerStatus = z.looseObject({
  name: z.string(),
  ready: z.boolean().optional(),
  state: z
    .looseObject({
      waiting: z.looseObject({ reason: z.string().optional(), message: z.string().optional() }).optional(),
      running: z.looseObject({}).optional(),
      terminated: terminated.optional(),
    })
    .optional(),
})
export type ContainerStatus = z.infer<typeof containerStatus>

const podSchema = z.looseObject({
  metadata,
  spec: z.looseObject({ nodeName: z.string().optional() }),
  status: z
    .looseObject({
      phase: z.string().optional(),
      reason: z.string().optional(),
      message: z.string().optional(),
      podIP: z.string().optional(),
      conditions: z.array(condition).optional(),
      containerStatuses: z.array(containerStatus).optional(),
      resourceClaimStatuses: z
        .array(z.looseObject({ name: z.string(), resourceClaimName: z.string().optional() }))
        .optional(),
    })
    .default({}),
})
export type Pod = z.infer<typeof podSchema>

const claimSchema = z.looseObject({
  apiVersion: z.literal('resource.k8s.io/v1').default('resource.k8s.io/v1'),
  kind: z.literal('ResourceClaim').default('ResourceClaim'),
  metadata,
  spec: z.looseObject({}),
  status: z
    .looseObject({
      allocation: z
        .looseObject({
          devices: z.looseObject({
            results: z
              .array(
                z.looseObject({
                  request: z.string(),
                  driver: z.string(),
                  pool: z.string(),
                  device: z.string(),
                }),
              )
              .default([]),
          }),
        })
        .optional(),
      reservedFor: z
        .array(z.looseObject({ resource: z.string(), name: z.string(), uid: z.string() }))
        .optional(),
    })
    .optional(),
})
/** A ResourceClaim with the metadata that the API server sets. */
export type Claim = ResourceClaim & { readonly metadata: z.infer<typeof metadata> }

const nodeSchema = z.looseObject({
  metadata,
  spec: z.looseObject({ unschedulable: z.boolean().optional() }).default({}),
  status: z.looseObject({ conditions: z.array(condition).optional() }).default({}),
})

const namespaceSchema = z.looseObject({
  metadata,
  status: z
    .looseObject({ phase: z.string().optional(), conditions: z.array(condition).optional() })
    .default({}),
})
export type Namespace = z.infer<typeof namespaceSchema>

const leaseSchema = z.looseObject({
  metadata,
  spec: z.looseObject({ holderIdentity: z.string().nullish() }).default({}),
})
export type Lease = z.infer<typeof leaseSchema>

const eventSchema = z.looseObject({
  reason: z.string().nullish(),
  message: z.string().nullish(),
  type: z.string().nullish(),
  involvedObject: z.looseObject({ kind: z.string().optional(), name: z.string().optional() }),
  lastTimestamp: z.string().nullish(),
  eventTime: z.string().nullish(),
})
export type Event = z.infer<typeof eventSchema>

const classSchema = z.looseObject({
  apiVersion: z.literal('resource.k8s.io/v1').default('resource.k8s.io/v1'),
  kind: z.literal('DeviceClass').default('DeviceClass'),
  metadata: z.looseObject({ name: z.string() }),
  spec: z
    .looseObject({
      selectors: z.array(z.looseObject({ cel: z.looseObject({ expression: z.string() }) })).exactOptional(),
    })
    .default({}),
})

export const parsePod = parser('Pod', podSchema)
export const parseClaim = parser('ResourceClaim', claimSchema as unknown as z.ZodType<Claim>)
export const parseNode = parser('Node', nodeSchema)
export const parseNamespace = parser('Namespace', namespaceSchema)
export const parseLease = parser('Lease', leaseSchema)
export const parseEvent = parser('Event', eventSchema)
export const parseDeviceClass = parser('DeviceClass', classSchema)

function parser<T>(kind: string, schema: z.ZodType<T>): (json: unknown) => T {
  return (json) => {
    const parsed = schema.safeParse(json)
    if (parsed.success) return parsed.data
    const name = (json as { metadata?: { name?: unknown } } | null)?.metadata?.name
    throw new ClaimcheckError('API_REFUSED', {
      subject: typeof name === 'string' ? `${kind} ${name}` : kind,
      problem: `does not match its schema: ${z.prettifyError(parsed.error)}`,
      hint: 'Check that the cluster runs Kubernetes 1.34 or newer.',
    })
  }
}

export const conditionOf = (
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined => conditions?.find((one) => one.type === type)
