/**
 * Rejects fields of slices and claims that the emulated allocator does not support, so that a feature of Kubernetes is never
 * silently ignored.
 */
import type { DeviceRequest, ResourceSlice } from '../dra/objects.ts'
import { ClaimcheckError } from '../core/errors.ts'
import { memoizeByObject } from '../core/memo.ts'
import { hasRequestPolicy, isSet } from '../dra/slice-features.ts'
import type { NamedClaimSpec } from './device-request.ts'

const SLICE = ['driver', 'pool', 'nodeName', 'allNodes', 'devices']
const DEVICE = ['name', 'attributes', 'capacity', 'taints']
const REQUEST = [
  'name',
  'deviceClassName',
  'selectors',
  'allocationMode',
  'count',
  'adminAccess',
  'tolerations',
]
const CONSTRAINT = ['requests', 'matchAttribute', 'distinctAttribute']

/** Throws ALLOCATION_UNSUPPORTED. */
export function refuseUnsupported(input: {
  readonly slices: readonly ResourceSlice[]
  readonly claims: readonly NamedClaimSpec[]
}): void {
  checkSlices(input.slices)
  for (const { name, spec } of input.claims) {
    for (const request of spec.devices.requests) {
      for (const one of alternatives(request))
        check(one, REQUEST, `request "${request.name}" of claim ${name}`)
    }
    for (const constraint of spec.devices.constraints ?? []) {
      check(constraint, CONSTRAINT, `a constraint of claim ${name}`)
    }
  }
}

const checkSlices = memoizeByObject((slices: readonly ResourceSlice[]): void => {
  for (const { metadata, spec } of slices) {
    check(spec, SLICE, `ResourceSlice ${metadata.name}`)
    for (const device of spec.devices ?? []) {
      const subject = `device ${device.name} of ResourceSlice ${metadata.name}`
      check(device, DEVICE, subject)
      if (hasRequestPolicy(device)) throw unsupported(subject, DEVICE, ['capacity.requestPolicy'])
    }
  }
})

const alternatives = (request: DeviceRequest): readonly object[] =>
  'exactly' in request ? [request.exactly] : request.firstAvailable

function check(object: object, known: readonly string[], subject: string): void {
  const unknown = Object.entries(object).flatMap(([key, value]) =>
    known.includes(key) || !isSet(value) ? [] : key,
  )
  if (unknown.length > 0) throw unsupported(subject, known, unknown)
}

const unsupported = (subject: string, known: readonly string[], found: readonly string[]): ClaimcheckError =>
  new ClaimcheckError('ALLOCATION_UNSUPPORTED', {
    subject,
    problem: 'uses fields that the emulated allocator does not support',
    expected: `only ${known.join(', ')}`,
    found: found.join(', '),
    hint: 'Run it in the lab or on a cluster: CLAIMCHECK_TARGET=lab.',
  })
