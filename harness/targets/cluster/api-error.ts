/**
 * What the API server refused, for a person. Takes the status of a response and the request; gives a ClaimcheckError
 * that names the object and, where a right is missing, the right.
 */
import { z } from 'zod'
import { ClaimcheckError } from '../../core/errors.ts'

const statusSchema = z.looseObject({
  message: z.string().optional(),
  reason: z.string().optional(),
  code: z.int().optional(),
})

/** What a request is for, in the API's own words. */
export interface ApiOperation {
  readonly verb: string
  /** `pods`, `pods/log`, `resourceclaims.resource.k8s.io`. */
  readonly resource: string
  /** `Pod claimcheck-1/a-target`. */
  readonly subject: string
}

export const MISSING_PERMISSION_HINT =
  'Give the user the rights of deploy/rbac.yaml; `npx claimcheck doctor` lists those that are missing.'

export function apiError(
  { verb, resource, subject }: ApiOperation,
  code: number,
  body: string,
): ClaimcheckError {
  const { message = body.slice(0, 500), reason } = statusOf(body)
  const details = { status: code, verb, resource, ...(reason === undefined ? {} : { reason }) }
  if (code === 401) {
    return new ClaimcheckError('RBAC_DENIED', {
      subject: 'the user of CLAIMCHECK_CONTEXT',
      problem: 'is not known to the API server',
      found: message,
      hint: "Renew the context's credentials.",
      details,
    })
  }
  if (code === 403 && / cannot \w+ resource /.test(message)) {
    const asked = / cannot (\w+) resource "([^"]+)"(?: in API group "([^"]*)")?/.exec(message)
    const [, right = verb, what = resource, group = ''] = asked ?? []
    return new ClaimcheckError('RBAC_DENIED', {
      subject,
      problem: `needs the right to ${right} ${group === '' ? what : `${what}.${group}`}`,
      found: message,
      hint: MISSING_PERMISSION_HINT,
      details: { ...details, verb: right, resource: what, group },
    })
  }
  if (code === 404) {
    return new ClaimcheckError('NOT_FOUND', {
      subject,
      problem: 'does not exist',
      ...(message === '' ? {} : { found: message }),
      details,
    })
  }
  return new ClaimcheckError('API_REFUSED', {
    subject,
    problem: `could not be ${PARTICIPLES[verb] ?? verb}: ${message}`,
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
    // A proxy before the API server answers in plain text.
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

/** The status code an error came with, where the API server answered. */
export const statusCodeOf = (error: unknown): number | undefined => {
  const status = error instanceof ClaimcheckError ? error.details['status'] : undefined
  return typeof status === 'number' ? status : undefined
}

export const isGone = (error: unknown): boolean => statusCodeOf(error) === 404
