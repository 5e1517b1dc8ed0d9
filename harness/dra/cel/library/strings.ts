/** String functions in CEL beyond the engine's own: `find`, `findAll`, `charAt`, `replace` and `format`. */
import { type Environment, EvaluationError } from '@marcbachmann/cel-js'
import { format } from './format.ts'
import { RegularExpression } from './regular-expression.ts'

export function registerStrings(env: Environment): void {
  env
    .registerFunction('string.find(string): string', (text: string, pattern: string) =>
      RegularExpression.parse(pattern).first(text),
    )
    .registerFunction('string.findAll(string): list<string>', (text: string, pattern: string) =>
      RegularExpression.parse(pattern).all(text, -1n),
    )
    .registerFunction(
      'string.findAll(string, int): list<string>',
      (text: string, pattern: string, limit: bigint) => RegularExpression.parse(pattern).all(text, limit),
    )
    .registerFunction('string.charAt(int): string', (text: string, index: bigint) => {
      if (index < 0n || index > text.length) throw new EvaluationError(`index out of range: ${index}`)
      return text.charAt(Number(index))
    })
    .registerFunction('string.replace(string, string): string', (text: string, old: string, by: string) =>
      text.replaceAll(old, () => by),
    )
    .registerFunction('string.replace(string, string, int): string', replaceSome)
    .registerFunction('string.format(list): string', format)
}

function replaceSome(text: string, old: string, by: string, limit: bigint): string {
  let left = limit < 0n ? Number.POSITIVE_INFINITY : Number(limit)
  return text.replaceAll(old, (found) => (left-- > 0 ? by : found))
}
