/** String functions in CEL beyond the engine's own: Kubernetes' `find`, `findAll`, and `charAt`, `replace`. */
import { type Environment, EvaluationError } from '@marcbachmann/cel-js'

export function registerStrings(env: Environment): void {
  env
    .registerFunction('string.find(string): string', (text: string, regex: string) => {
      return pattern(regex).exec(text)?.[0] ?? ''
    })
    .registerFunction('string.findAll(string): list<string>', (text: string, regex: string) =>
      findAll(text, regex, -1n),
    )
    .registerFunction('string.findAll(string, int): list<string>', findAll)
    .registerFunction('string.charAt(int): string', (text: string, index: bigint) => {
      if (index < 0n || index > text.length) throw new EvaluationError(`index out of range: ${index}`)
      return text.charAt(Number(index))
    })
    .registerFunction('string.replace(string, string): string', (text: string, old: string, by: string) =>
      text.replaceAll(old, () => by),
    )
    .registerFunction('string.replace(string, string, int): string', replaceSome)
}

/** A negative limit means all. */
function findAll(text: string, regex: string, limit: bigint): string[] {
  const all = [...text.matchAll(pattern(regex))].map((match) => match[0])
  return limit < 0n ? all : all.slice(0, Number(limit))
}

function replaceSome(text: string, old: string, by: string, limit: bigint): string {
  let left = limit < 0n ? Number.POSITIVE_INFINITY : Number(limit)
  return text.replaceAll(old, (found) => (left-- > 0 ? by : found))
}

/** RE2's leading flags, `(?i)`, become JavaScript's. Throws EvaluationError. */
function pattern(regex: string): RegExp {
  const [, flags = '', body = regex] = /^\(\?([ims]+)\)(.*)$/s.exec(regex) ?? []
  try {
    return new RegExp(body, `g${flags}`)
  } catch (cause) {
    throw new EvaluationError({ message: `illegal regex "${regex}": ${String(cause)}`, cause })
  }
}
