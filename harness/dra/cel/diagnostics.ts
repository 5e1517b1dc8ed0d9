/**
 * What went wrong with a CEL expression, for a person: place, the engine's sentence, the line with a caret, and the
 * nearest known name for an unknown one. Takes the engine's error; gives a ClaimcheckError's facts.
 */
import type { EvaluationError, ParseError, TypeError } from '@marcbachmann/cel-js'
import { ClaimcheckError, type ErrorFacts } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'
import type { Device } from '../objects.ts'
import { qualify } from './cel-device.ts'
import { DEVICE_FIELDS, environment } from './environment.ts'

type CelError = ParseError | TypeError | EvaluationError

export interface Source {
  /** The object the expression stands in: `request "nic" of ResourceClaim aligned`. */
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
    problem: `has a CEL selector that does not compile at ${line}:${column}: ${cause.summary}`,
    hint: `${advice}\n${caret}`,
    details: { expression, line, column },
    cause,
  })
}

/** CEL_INVALID: the expression gives something other than a yes or no. */
export function notBoolError({ subject, expression }: Source, type: string): ClaimcheckError {
  return new ClaimcheckError('CEL_INVALID', {
    subject,
    problem: 'has a CEL selector that does not say yes or no',
    expected: 'an expression of type bool',
    found: `type ${type} in: ${expression}`,
    hint: 'Compare the value with something, as in device.attributes["dra.net"]["rdma"] == true.',
    details: { expression, type },
  })
}

/** CEL_RUNTIME: the expression failed on one device. Kubernetes then fails the claim, it does not skip the device. */
export function runtimeError(
  { subject, expression }: Source,
  device: Device,
  driver: string,
  cause: CelError,
): ClaimcheckError {
  const { caret } = place(expression, cause.range?.start ?? 0)
  const missing = missingAttribute(expression, cause)
  const { hint = 'Guard the expression against such devices:', ...facts } =
    missing === undefined ? {} : missingFacts(missing, device, driver)
  return new ClaimcheckError('CEL_RUNTIME', {
    subject,
    problem: `has a CEL selector that fails on device ${device.name} of ${driver}${missing === undefined ? `: ${cause.summary}` : ', which lacks an attribute'}`,
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
        ? `Ask first, as in device.attributes["dra.net"]["rdma"] == true && ..., or ${guard} ...`
        : `Did you mean "${near}"?`,
  }
}

/** Reads domain and id off the text that the engine points at: `device.attributes["dra.net"]["numaNode"]`. */
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
  const called = /overload for '(?:[^(]*\.)?(\w+)\(/.exec(summary)?.[1]
  if (called === undefined) return undefined
  const names = environment.getDefinitions().functions.map(({ name }) => name)
  return names.includes(called) ? undefined : nearest(called, names)
}

const lastWord = (text: string): string => text.split(/\s/).at(-1) ?? text

/** Line and column count from 1. */
function place(expression: string, offset: number) {
  const before = expression.slice(0, offset).split('\n')
  const column = (before.at(-1) ?? '').length + 1
  const text = expression.split('\n')[before.length - 1] ?? ''
  return { line: before.length, column, caret: `    ${text}\n    ${' '.repeat(column - 1)}^` }
}
