/**
 * The error for a response of the API server with a status of 400 or more. Its message names the object and, if RBAC denied
 * the request, the missing permission.
 */
import { z } from 'zod'
import { ClaimcheckError, type ErrorCode, type ErrorFacts } from '../../core/errors.ts'

const statusSchema = z.looseObject({
  message: z.string().optional(),
  reason: z.string().optional(),
})

/** What a request does, in the terms of RBAC. */
export interface ApiOperation {
  readonly verb: string
  /** `pods`, `pods/log`, `resourceclaims.resource.k8s.io`. */
  readonly resource: string
  /** `Pod claimcheck-1/a-target`. */
  readonly subject: string
}

export const MISSING_PERMISSION_HINT =
  'Grant the user the permissions in deploy/base/rbac.yaml, or with CLAIMCHECK_NAMESPACE those in deploy/overlays/namespace/rbac.yaml; `npx claimcheck doctor` lists those that are missing.'

const POD_SECURITY_HINT =
  'Pods that claim devices request IPC_LOCK. Label the Namespace pod-security.kubernetes.io/enforce=privileged.'

interface ApiResponse {
  /** The HTTP status, or the `code` of a Status object in a watch. */
  readonly status: number
  /** The `reason` of the Status object: `Forbidden`, `Expired`. */
  readonly reason?: string | undefined
  /** The `Retry-After` header. */
  readonly retryAfterSeconds?: number | undefined
}

/** Thrown for every response that refuses a request. Retries and fallbacks are decided by its fields. */
export class ApiError extends ClaimcheckError {
  readonly status: number
  readonly reason: string | undefined
  readonly retryAfterSeconds: number | undefined
  /** Whether the request was sent before without a response that says what became of it. */
  followsLostResponse = false

  constructor(code: ErrorCode, { status, reason, retryAfterSeconds }: ApiResponse, facts: ErrorFacts) {
    super(code, {
      ...facts,
      details: { ...facts.details, status, ...(reason === undefined ? {} : { reason }) },
    })
    this.status = status
    this.reason = reason
    this.retryAfterSeconds = retryAfterSeconds
  }
}

export function apiError(
  { verb, resource, subject }: ApiOperation,
  { body, ...head }: Omit<ApiResponse, 'reason'> & { readonly body: string },
): ApiError {
  const { message = body.slice(0, 500), reason } = statusOf(body)
  const response = { ...head, reason }
  const details = { verb, resource }
  if (head.status === 401) {
    return new ApiError('RBAC_DENIED', response, {
      subject: 'the user of CLAIMCHECK_CONTEXT',
      problem: 'was not authenticated by the API server',
      found: message,
      hint: "Renew the context's credentials.",
      details,
    })
  }
  if (head.status === 403 && / cannot \w+ resource /.test(message)) {
    const denied = / cannot (\w+) resource "([^"]+)"(?: in API group "([^"]*)")?/.exec(message)
    const [, deniedVerb = verb, plural = resource, group = ''] = denied ?? []
    return new ApiError('RBAC_DENIED', response, {
      subject,
      problem: `requires permission to ${deniedVerb} ${group === '' ? plural : `${plural}.${group}`}`,
      found: message,
      hint: MISSING_PERMISSION_HINT,
      details: { verb: deniedVerb, resource: plural, group },
    })
  }
  if (head.status === 404) {
    return new ApiError('NOT_FOUND', response, {
      subject,
      problem: 'does not exist',
      ...(message === '' ? {} : { found: message }),
      details,
    })
  }
  return new ApiError('API_REFUSED', response, {
    subject,
    problem: `could not be ${PARTICIPLES[verb] ?? verb}: ${message}`,
    ...(message.includes('violates PodSecurity') ? { hint: POD_SECURITY_HINT } : {}),
    details,
  })
}

const PARTICIPLES: Readonly<Record<string, string>> = {
  get: 'read',
  list: 'listed',
  watch: 'watched',
  create: 'created',
  patch: 'applied',
  delete: 'deleted',
}

function statusOf(body: string): z.infer<typeof statusSchema> {
  try {
    const parsed = statusSchema.safeParse(JSON.parse(body))
    return parsed.success ? parsed.data : {}
  } catch (error) {
    // A proxy in front of the API server may respond in plain text.
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

export const isAlreadyThere = (error: unknown): error is ApiError =>
  error instanceof ApiError && error.status === 409

export const isNotFound = (error: unknown): boolean => error instanceof ApiError && error.status === 404
