/**
 * The requests of claims, prepared for a search: DeviceClasses looked up, selectors compiled, defaults filled in. A request
 * with `exactly` has one alternative, one with `firstAvailable` several in order.
 */
import { compileSelector, type Selector } from '../dra/cel/selector.ts'
import type {
  DeviceClass,
  DeviceRequest,
  DeviceToleration,
  ExactRequest,
  ResourceClaimSpec,
} from '../dra/objects.ts'
import { ClaimcheckError } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import { constraintsOf, type Constraint } from './device-constraint.ts'

/** The most devices that Kubernetes allocates to one claim. */
export const RESULT_LIMIT = 32

export interface NamedClaimSpec {
  readonly name: string
  readonly spec: ResourceClaimSpec
}

export interface Alternative {
  readonly claim: string
  /** `nic`, or `nic/fast` for a sub-request. */
  readonly label: string
  readonly className: string
  readonly classSelectors: readonly Selector[]
  readonly selectors: readonly Selector[]
  readonly need: number | 'All'
  /** Allocates devices that are in use too, without blocking their other users. */
  readonly adminAccess: boolean
  readonly tolerations: readonly DeviceToleration[]
  readonly constraints: readonly Constraint[]
}

/** One request of one claim; the first alternative that can be allocated is used. */
export type Request = readonly Alternative[]

/** Throws DEVICE_CLASS_MISSING or CEL_INVALID. */
export function requestsOf(claims: readonly NamedClaimSpec[], classes: readonly DeviceClass[]): Request[] {
  return claims.flatMap(({ name, spec }) => {
    const constraints = constraintsOf(spec.devices.constraints ?? [])
    return spec.devices.requests.map((request) =>
      choicesOf(request).map((choice) => alternative(name, choice, classes, constraints)),
    )
  })
}

type Choice = ExactRequest & { readonly label: string }

function choicesOf(request: DeviceRequest): Choice[] {
  if ('exactly' in request) return [{ ...request.exactly, label: request.name }]
  return request.firstAvailable.map((sub) => ({ ...sub, label: `${request.name}/${sub.name}` }))
}

function alternative(
  claim: string,
  choice: Choice,
  classes: readonly DeviceClass[],
  constraints: readonly Constraint[],
): Alternative {
  const { label, deviceClassName: className } = choice
  const deviceClass = classes.find(({ metadata }) => metadata.name === className)
  const subject = `request "${label}" of claim ${claim}`
  if (deviceClass === undefined) throw classMissing(subject, className, classes)
  return {
    claim,
    label,
    className,
    classSelectors: (deviceClass.spec.selectors ?? []).map(({ cel }) =>
      compileSelector(cel.expression, `DeviceClass ${className}`),
    ),
    selectors: (choice.selectors ?? []).map(({ cel }) => compileSelector(cel.expression, subject)),
    need: choice.allocationMode === 'All' ? 'All' : (choice.count ?? 1),
    adminAccess: choice.adminAccess ?? false,
    tolerations: choice.tolerations ?? [],
    constraints: constraints.filter((constraint) => constraint.covers(label)),
  }
}

function classMissing(subject: string, found: string, classes: readonly DeviceClass[]): ClaimcheckError {
  const names = classes.map(({ metadata }) => metadata.name)
  const near = nearest(found, names)
  return new ClaimcheckError('DEVICE_CLASS_MISSING', {
    subject,
    problem: 'refers to a DeviceClass that does not exist',
    expected: names.length === 0 ? 'a DeviceClass; the cluster has none' : `one of ${names.join(', ')}`,
    found: `"${found}"`,
    hint: near === undefined ? 'Install the driver that provides the class.' : `Did you mean "${near}"?`,
  })
}
