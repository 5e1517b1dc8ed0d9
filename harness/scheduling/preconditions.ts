/** Checks that every target performs before an operation on a pod, with the same errors. */
import { ClaimcheckError } from '../core/errors.ts'
import type { PodSpec, ScheduledPod } from './pod.ts'

/** Throws NOT_FOUND if the pod's template was not applied, ALREADY_EXISTS if its name is in use. */
export function requireTemplate<T>(
  spec: PodSpec,
  templates: ReadonlyMap<string, T>,
  pods: ReadonlyMap<string, unknown>,
): T {
  const template = templates.get(spec.template)
  if (template === undefined)
    throw new ClaimcheckError('NOT_FOUND', {
      subject: `ResourceClaimTemplate ${spec.template}`,
      problem: 'does not exist',
      hint: 'Apply it before scheduling the pod.',
    })
  if (pods.has(spec.name))
    throw new ClaimcheckError('ALREADY_EXISTS', {
      subject: `pod ${spec.name}`,
      problem: 'already exists',
      hint: 'Release it first.',
    })
  return template
}

/** Throws NOT_FOUND for a pod that is not scheduled. */
export function requirePod<T>(pods: ReadonlyMap<string, T>, name: string): T {
  const record = pods.get(name)
  if (record !== undefined) return record
  throw new ClaimcheckError('NOT_FOUND', {
    subject: `pod ${name}`,
    problem: 'is not scheduled or was released',
  })
}

/** Throws NOT_FOUND for a container that the pod's spec does not have. */
export function requireContainer({ spec }: ScheduledPod, container: string): void {
  if (spec.containers.some(({ name }) => name === container)) return
  throw new ClaimcheckError('NOT_FOUND', {
    subject: `container ${spec.name}/${container}`,
    problem: 'does not exist',
    expected: `one of ${spec.containers.map(({ name }) => name).join(', ')}`,
  })
}

/** Throws NOT_FOUND for a node that the target does not have. */
export function requireNode(nodes: readonly string[], node: string): void {
  if (nodes.includes(node)) return
  throw new ClaimcheckError('NOT_FOUND', {
    subject: `node ${node}`,
    problem: 'is not a node of this target',
    expected: `one of ${nodes.join(', ') || 'none'}`,
  })
}

export const alreadyStarted = (pod: string): ClaimcheckError =>
  new ClaimcheckError('ALREADY_EXISTS', {
    subject: `pod ${pod}`,
    problem: 'was already started',
    hint: 'Release it and schedule it again.',
  })

/** `reason` is a clause, as in `the rack has been closed`. */
export const targetClosed = (subject: string, reason: string): ClaimcheckError =>
  new ClaimcheckError('INTERRUPTED', { subject, problem: `is not available: ${reason}` })
