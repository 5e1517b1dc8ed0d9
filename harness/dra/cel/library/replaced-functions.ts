/**
 * `has` and `matches` in CEL as Kubernetes has them. The engine's own `has` refuses a path with brackets and its own
 * `matches` uses JavaScript's regular expressions. Neither can be replaced under its name, so ours have names of the same
 * length that no expression uses, and positions in error messages stay right.
 */
import {
  EvaluationError,
  type ASTNode,
  type Environment,
  TypeError as CelTypeError,
} from '@marcbachmann/cel-js'
import { OpaqueValue } from './opaque-value.ts'
import { RegularExpression } from './regular-expression.ts'

const OURS = { has: 'Has', matches: 'Matches' } as const
const LITERAL = String.raw`[rR]"[^"]*"|[rR]'[^']*'|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'`
const CALL = new RegExp(`(${LITERAL})|\\b(has|matches)(?=\\s*\\()`, 'g')

/** Puts our names for `has` and `matches` into an expression. String literals stay as they are. */
export function withOurNames(expression: string): string {
  return expression.replace(CALL, (found: string, _literal: string | undefined, name?: 'has' | 'matches') =>
    name === undefined ? found : OURS[name],
  )
}

/** Undoes `withOurNames` in a message of the engine. */
export const withCelNames = (message: string): string =>
  message.replace(/\b(Has|Matches)\b/g, (name) => name.toLowerCase())

interface Checker {
  check(node: ASTNode, context: unknown): unknown
  getType(name: string): unknown
}
interface Evaluator {
  run(node: ASTNode, context: unknown): unknown
}

export function registerReplacedFunctions(env: Environment): void {
  const matches = (text: string, pattern: string): boolean => RegularExpression.parse(pattern).isIn(text)
  env
    .registerFunction(`string.${OURS.matches}(string): bool`, matches)
    .registerFunction(`${OURS.matches}(string, string): bool`, matches)
    .registerFunction(`${OURS.has}(ast): bool`, ({ args }: { args: readonly [ASTNode] }) => {
      const [access] = args
      if (access.op !== '.') {
        throw new CelTypeError({
          message: 'has() takes a field selection such as device.attributes["d"].id',
          node: access,
        })
      }
      const [object, id] = access.args
      return {
        async: false,
        typeCheck(checker: Checker, _macro: unknown, context: unknown) {
          checker.check(access, context)
          return checker.getType('bool')
        },
        evaluate(evaluator: Evaluator, _macro: unknown, context: unknown): boolean {
          return hasField(evaluator.run(object, context), id)
        },
      }
    })
}

/** As in Kubernetes, false for a value that has no fields. */
function hasField(value: unknown, id: string): boolean {
  if (value instanceof Map) return value.has(id)
  if (Array.isArray(value)) throw new EvaluationError('has() cannot select a field of a list')
  return (
    typeof value === 'object' && value !== null && !(value instanceof OpaqueValue) && Object.hasOwn(value, id)
  )
}
