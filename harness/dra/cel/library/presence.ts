/**
 * `has(device.attributes["domain"].id)` in CEL. The engine's own `has` refuses a path with brackets, and a macro cannot
 * be replaced, so this one has a name of the same length that expressions never spell: places in errors stay right.
 */
import { type ASTNode, type Environment, TypeError as CelTypeError } from '@marcbachmann/cel-js'

const NAME = 'Has'
const CALL = /("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|\bhas(?=\s*\()/g

/** Gives the expression with our `has` in place of the engine's; string literals stay as they are. */
export function withPresence(expression: string): string {
  return expression.replace(CALL, (found, literal?: string) => (literal === undefined ? NAME : found))
}

interface Checker {
  check(node: ASTNode, context: unknown): unknown
  getType(name: string): unknown
}
interface Evaluator {
  run(node: ASTNode, context: unknown): unknown
}

export function registerPresence(env: Environment): void {
  env.registerFunction(`${NAME}(ast): bool`, ({ args }: { args: readonly [ASTNode] }) => {
    const [access] = args
    if (access.op !== '.') {
      throw new CelTypeError({
        message: 'has() wants a selection such as device.attributes["d"].id',
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
        const value = evaluator.run(object, context)
        return value instanceof Map ? value.has(id) : Object.hasOwn(value as object, id)
      },
    }
  })
}
