/**
 * DRA's CEL selectors. Takes an expression; gives a `Selector` that says of a device yes or no, or throws.
 * An expression is compiled once per process. Never turns an error into a no: Kubernetes does not either.
 */
import {
  EvaluationError,
  type ParseResult,
  TypeError as CelTypeError,
  ParseError,
} from '@marcbachmann/cel-js'
import { ClaimcheckError } from '../../core/errors.ts'
import type { Device } from '../objects.ts'
import { compileError, notBoolError, runtimeError, type Source } from './diagnostics.ts'
import { CelDevice } from './cel-device.ts'
import { environment } from './environment.ts'
import { withPresence } from './library/presence.ts'

export interface Selector extends Source {
  /** Throws CEL_RUNTIME, naming the device and what it lacks. `driver` is the domain of unqualified attributes. */
  matches(device: Device, driver: string): boolean
}

const programs = new Map<string, ParseResult>()
const views = new WeakMap<Device, CelDevice>()

/** Throws CEL_INVALID with place, caret and, for an unknown name, the nearest known one. */
export function compileSelector(expression: string, subject: string): Selector {
  const source = { subject, expression }
  const program = programs.get(expression) ?? compile(source)
  programs.set(expression, program)
  return {
    ...source,
    matches(device, driver) {
      const found = evaluate(source, program, device, driver)
      if (typeof found === 'boolean') return found
      const problem = new EvaluationError(`the result is not a bool but ${String(found)}`)
      throw runtimeError(source, device, driver, problem)
    },
  }
}

function compile(source: Source): ParseResult {
  try {
    const program = environment.parse(withPresence(source.expression))
    const { error, type } = program.check()
    if (error !== undefined) throw error
    if (type !== 'bool' && type !== 'dyn') throw notBoolError(source, type ?? 'unknown')
    return program
  } catch (error) {
    if (error instanceof ParseError || error instanceof CelTypeError) throw compileError(source, error)
    throw error
  }
}

function evaluate(source: Source, program: ParseResult, device: Device, driver: string): unknown {
  try {
    return program({ device: viewOf(device, driver) }) as unknown
  } catch (error) {
    if (error instanceof ClaimcheckError) throw error
    const cause = error instanceof EvaluationError ? error : new EvaluationError(String(error))
    throw runtimeError(source, device, driver, cause)
  }
}

function viewOf(device: Device, driver: string): CelDevice {
  const known = views.get(device)
  if (known?.driver === driver) return known
  const view = new CelDevice(device, driver)
  views.set(device, view)
  return view
}
