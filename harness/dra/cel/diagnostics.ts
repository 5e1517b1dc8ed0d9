/**
 * Errors about a CEL expression: position, the engine's message, the line with a caret under the position, and for an
 * unknown name the nearest known one.
 */
import type { EvaluationError, ParseError, TypeError } from '@marcbachmann/cel-js'
import { ClaimcheckError, type ErrorFacts } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'
import type { Device } from '../objects.ts'
import { qualify } from './cel-device.ts'
import { DEVICE_FIELDS, environment } from './environment.ts'
import { withCelNames } from './library/replaced-functions.ts'

type CelError = ParseError | TypeError | EvaluationError

export interface Source {
  /** The object that contains the expression: `request "nic" of ResourceClaim aligned`. */
  readonly subject: string
  readonly expression: string
}

/** CEL_INVALID: the expression does not parse or does not type-check. */
export function compileError({ subject, expression }: Source, cause: CelError): ClaimcheckError {
  const { line, column, caret } = place(expression, cause.range?.start ?? 0)
  const near = suggestion(cause)
  const advice = near === undefined ? 'Correct the expression:' : `Did you mean "${near}"?`
  return new ClaimcheckError('CEL_INVALID', {
    subject,
    problem: `has a CEL selector that does not compile at ${line}:${column}: ${withCelNames(cause.summary)}`,
    hint: `${advice}\n${caret}`,
    details: { expression, line, column },
    cause,
  })
}

/** CEL_INVALID: the expression evaluates to something other than a bool. */
export function notBoolError({ subject, expression }: Source, type: string): ClaimcheckError {
  return new ClaimcheckError('CEL_INVALID', {
    subject,
    problem: 'has a CEL selector that does not evaluate to a bool',
    expected: 'an expression of type bool',
    found: `type ${type} in: ${expression}`,
    hint: 'Compare the value, as in device.attributes["dra.net"]["rdma"] == true.',
    details: { expression, type },
  })
}

/** CEL_INVALID: the API server would refuse the expression, since evaluating it could cost too much. */
export function costError({ subject, expression }: Source, cost: number, limit: number): ClaimcheckError {
  return new ClaimcheckError('CEL_INVALID', {
    subject,
    problem: 'has a CEL selector that exceeds the cost limit of Kubernetes',
    expected: `an estimated cost of at most ${limit}`,
    found: Number.isFinite(cost) ? String(cost) : 'a cost without bound',
    hint: 'Use fewer nested macros, and compare with values of a known length.',
    details: { expression },
  })
}

/** ALLOCATION_UNSUPPORTED: Kubernetes would evaluate the expression, claimcheck cannot. */
export function unsupportedError({ subject, expression }: Source, name: string): ClaimcheckError {
  return new ClaimcheckError('ALLOCATION_UNSUPPORTED', {
    subject,
    problem: `has a CEL selector that uses ${name}, which Kubernetes has and claimcheck does not implement`,
    hint: 'Write the selector without that function.',
    details: { expression, function: name },
  })
}

/** CEL_RUNTIME: the expression failed on one device. Kubernetes then fails the claim; it does not skip the device. */
export function runtimeError(
  { subject, expression }: Source,
  device: Device,
  driver: string,
  cause: CelError,
): ClaimcheckError {
  const { caret } = place(expression, cause.range?.start ?? 0)
  const missing = missingAttribute(expression, cause)
  const { hint = 'Change the expression so that it works on this device too:', ...facts } =
    missing === undefined ? {} : missingFacts(missing, device, driver)
  return new ClaimcheckError('CEL_RUNTIME', {
    subject,
    problem: `has a CEL selector that fails on device ${device.name} of ${driver}${missing === undefined ? `: ${withCelNames(cause.summary)}` : ', which lacks an attribute'}`,
    ...facts,
    hint: `${hint}\n${caret}`,
    details: { expression, device: device.name, driver, ...missing },
    cause,
  })
}

interface Missing {
  readonly domain: string
  readonly attribute: string
}

function missingFacts({ domain, attribute }: Missing, device: Device, driver: string): Partial<ErrorFacts> {
  const here = Object.keys(device.attributes ?? {})
    .map((name) => qualify(name, driver))
    .filter(([other]) => other === domain)
    .map(([, id]) => id)
  const near = nearest(attribute, here)
  const guard = `"${attribute}" in device.attributes["${domain}"] &&`
  return {
    expected: `attribute ${attribute} in domain ${domain}`,
    found: here.length === 0 ? 'no attribute in that domain' : here.sort().join(', '),
    hint:
      near === undefined
        ? `Check that the device has the attribute first: ${guard} ...`
        : `Did you mean "${near}"?`,
  }
}

/** Finds domain and id in the text that the engine's error points at: `device.attributes["dra.net"]["numaNode"]`. */
function missingAttribute(expression: string, { code, range }: CelError): Missing | undefined {
  if (code !== 'no_such_key' || range === undefined) return undefined
  const access =
    expression.slice(range.start).match(ACCESS) ?? expression.slice(0, range.end).match(ACCESS_END)
  const [, , domain, , bracketed, selected] = access ?? []
  const attribute = bracketed ?? selected
  return domain === undefined || attribute === undefined ? undefined : { domain, attribute }
}

const ATTRIBUTE = String.raw`device\s*\.\s*attributes\s*\[\s*(["'])([^"']*)\1\s*\]\s*(?:\[\s*(["'])([^"']*)\3\s*\]|\.\s*([A-Za-z_]\w*))`
const ACCESS = new RegExp(`^${ATTRIBUTE}`)
const ACCESS_END = new RegExp(`${ATTRIBUTE}$`)

function suggestion({ code, summary }: CelError): string | undefined {
  if (code === 'unknown_variable') {
    return nearest(lastWord(summary), ['device'])
  }
  if (code === 'no_such_key') return nearest(lastWord(summary), Object.keys(DEVICE_FIELDS))
  const called = /overload for '(?:[^(]*\.)?(\w+)\(/.exec(withCelNames(summary))?.[1]
  if (called === undefined) return undefined
  const names = environment.getDefinitions().functions.map(({ name }) => withCelNames(name))
  return names.includes(called) ? undefined : nearest(called, names)
}

const lastWord = (text: string): string => text.split(/\s/).at(-1) ?? text

/** Line and column, both from 1. */
function place(expression: string, offset: number) {
  const before = expression.slice(0, offset).split('\n')
  const column = (before.at(-1) ?? '').length + 1
  const text = expression.split('\n')[before.length - 1] ?? ''
  return { line: before.length, column, caret: `    ${text}\n    ${' '.repeat(column - 1)}^` }
}
