/**
 * Checks ResourceSlices that come from the API server or a recorded file, as a list object or an array. Only the fields
 * that claimcheck uses are checked; fields of features that it does not implement are kept, so that they can be named.
 */
import { z } from 'zod'
import { ClaimcheckError } from '../core/errors.ts'
import type { AttributeValue, Device, DeviceTaint, ResourceSlice } from './objects.ts'

const int = z.int()
const attributeForms = {
  string: z.string(),
  int,
  bool: z.boolean(),
  version: z.string(),
  strings: z.array(z.string()),
  ints: z.array(int),
  bools: z.array(z.boolean()),
  versions: z.array(z.string()),
}
const known = Object.keys(attributeForms).join(', ')
const attribute = z
  .looseObject({})
  .refine((value) => Object.keys(value).length === 1, `expected one of ${known}, and only one`)
  .pipe(
    z.union(
      Object.entries(attributeForms).map(([key, form]) => z.object({ [key]: form })),
      `expected one of ${known} with a value of that type`,
    ),
  ) as unknown as z.ZodType<AttributeValue>

const taint = z.object({
  key: z.string().min(1),
  value: z.string().exactOptional(),
  // An effect that a later version of Kubernetes adds has no effect here.
  effect: z.enum(['NoSchedule', 'NoExecute', 'None']).catch('None'),
}) satisfies z.ZodType<DeviceTaint>

const capacity = z.object({
  value: z.string(),
  requestPolicy: z.record(z.string(), z.unknown()).exactOptional(),
})

const device = z.object({
  name: z.string().min(1),
  attributes: z.record(z.string(), attribute).exactOptional(),
  capacity: z.record(z.string(), capacity).exactOptional(),
  allowMultipleAllocations: z.boolean().exactOptional(),
  taints: z.array(taint).exactOptional(),
  nodeName: z.string().exactOptional(),
  nodeSelector: z.unknown().exactOptional(),
  allNodes: z.boolean().exactOptional(),
  bindsToNode: z.boolean().exactOptional(),
  bindingConditions: z.array(z.string()).exactOptional(),
  bindingFailureConditions: z.array(z.string()).exactOptional(),
  consumesCounters: z.array(z.unknown()).exactOptional(),
}) satisfies z.ZodType<Device>

const slice = z.object({
  apiVersion: z.literal('resource.k8s.io/v1').default('resource.k8s.io/v1'),
  kind: z.literal('ResourceSlice').default('ResourceSlice'),
  metadata: z.object({ name: z.string().min(1) }),
  spec: z.object({
    driver: z.string().min(1),
    pool: z.object({ name: z.string().min(1), generation: int, resourceSliceCount: int.min(1) }),
    nodeName: z.string().min(1).exactOptional(),
    allNodes: z.boolean().exactOptional(),
    nodeSelector: z.unknown().exactOptional(),
    perDeviceNodeSelection: z.boolean().exactOptional(),
    sharedCounters: z.array(z.unknown()).exactOptional(),
    devices: z.array(device).exactOptional(),
  }),
}) satisfies z.ZodType<ResourceSlice>

/** Throws SLICE_INVALID with slice and field. `source` names where the JSON comes from: a file, an API server. */
export function parseResourceSlices(json: unknown, source = 'ResourceSlices'): ResourceSlice[] {
  const items = Array.isArray(json) ? json : ((json as { items?: unknown } | null)?.items ?? null)
  if (!Array.isArray(items)) {
    throw new ClaimcheckError('SLICE_INVALID', {
      subject: source,
      problem: 'is not a list of ResourceSlices',
      expected: 'an array, or an object with an array of items',
      found: json === null ? 'null' : typeof json,
      hint: 'Use the output of: kubectl get resourceslices -o json',
    })
  }
  return items.map((item: unknown, index) => parseSlice(item, `${source} items[${index}]`))
}

function parseSlice(item: unknown, place: string): ResourceSlice {
  const result = slice.safeParse(withoutNulls(item))
  if (result.success) return result.data
  const name = (item as { metadata?: { name?: unknown } } | null)?.metadata?.name
  throw new ClaimcheckError('SLICE_INVALID', {
    subject: typeof name === 'string' ? `${place} (${name})` : place,
    problem: `is invalid: ${z.prettifyError(result.error)}`,
    hint: 'Check that the driver publishes resource.k8s.io/v1.',
  })
}

/** Go's JSON writes an empty list or pointer as null, which means the same as an absent field. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, own]) => (own === null ? [] : [[key, withoutNulls(own)]])),
  )
}
