/**
 * DRA's CEL selectors: compiles an expression, once per process, and evaluates it for a device. An error on a device is
 * never a "no": in Kubernetes it fails the claim.
 */
import {
  EvaluationError,
  type ParseResult,
  TypeError as CelTypeError,
  ParseError,
} from '@marcbachmann/cel-js'
import { ClaimcheckError } from '../../core/errors.ts'
import type { Device } from '../objects.ts'
import { checkCalls, missingFunction } from './accepted-calls.ts'
import { CelDevice } from './cel-device.ts'
import { MAX_COST, worstCaseCost } from './cost.ts'
import {
  compileError,
  costError,
  notBoolError,
  runtimeError,
  type Source,
  unsupportedError,
} from './diagnostics.ts'
import { environment, mixedListsEnvironment } from './environment.ts'
import { withOurNames } from './library/replaced-functions.ts'
import { calls } from './syntax-tree.ts'

export interface Selector extends Source {
  /** Throws CEL_RUNTIME with the device and the attribute that it lacks. `driver` is the domain of unqualified attributes. */
  matches(device: Device, driver: string): boolean
}

const programs = new Map<string, ParseResult>()
const views = new WeakMap<Device, CelDevice>()

/**
 * Throws CEL_INVALID, with the position and the nearest known name, for an expression that the API server would refuse, also
 * for its cost; and ALLOCATION_UNSUPPORTED for a function of Kubernetes that is not implemented here.
 */
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
    const text = withOurNames(source.expression)
    const strict = environment.parse(text)
    const program = calls(strict.ast, 'format') ? mixedListsEnvironment.parse(text) : strict
    const missing = missingFunction(program.ast)
    if (missing !== undefined) throw unsupportedError(source, missing)
    const { error, type } = program.check()
    if (error !== undefined) throw error
    if (type !== 'bool' && type !== 'dyn') throw notBoolError(source, type ?? 'unknown')
    checkCalls(program.ast)
    const cost = worstCaseCost(program.ast)
    if (cost > MAX_COST) throw costError(source, cost, MAX_COST)
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
