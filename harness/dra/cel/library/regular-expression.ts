/** Regular expressions of RE2, which Kubernetes uses: `(?i)`, `\z` and `[[:digit:]]` work; lookarounds do not exist. */
import { EvaluationError } from '@marcbachmann/cel-js'
import { RE2JS } from 're2js'

const compiled = new Map<string, RegularExpression>()

export class RegularExpression {
  readonly #pattern: RE2JS

  private constructor(pattern: RE2JS) {
    this.#pattern = pattern
  }

  /** Compiles each pattern once. Throws EvaluationError where RE2 refuses the pattern. */
  static parse(text: string): RegularExpression {
    const known = compiled.get(text)
    if (known !== undefined) return known
    try {
      const expression = new RegularExpression(RE2JS.compile(text))
      compiled.set(text, expression)
      return expression
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new EvaluationError({ message: `not a regular expression of RE2: ${reason}`, cause })
    }
  }

  isIn(text: string): boolean {
    return this.#pattern.matcher(text).find()
  }

  first(text: string): string {
    return this.#found(text).next().value ?? ''
  }

  /** At most `limit` matches that do not overlap; a negative limit means all. */
  all(text: string, limit: bigint): string[] {
    const all = [...this.#found(text)]
    return limit < 0n ? all : all.slice(0, Number(limit))
  }

  /** As Go does, skips an empty match right behind the match before it. */
  *#found(text: string): Generator<string, undefined> {
    const matcher = this.#pattern.matcher(text)
    let end = -1
    while (matcher.find()) {
      if (matcher.start() !== matcher.end() || matcher.start() !== end) yield matcher.group() ?? ''
      end = matcher.end()
    }
    return undefined
  }
}
