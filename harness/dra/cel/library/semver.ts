/**
 * Semantic versions in CEL: version attributes and `semver("1.2.3")`. The order is that of semver.org 2.0.0,
 * which ignores build metadata.
 */
import { type Environment, EvaluationError } from '@marcbachmann/cel-js'
import { OpaqueValue } from './opaque-value.ts'

const NUMBER = '(0|[1-9]\\d*)'
const FORM = new RegExp(
  `^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-([0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`,
)

export class Semver extends OpaqueValue {
  readonly core: readonly [major: bigint, minor: bigint, patch: bigint]
  readonly prerelease: readonly string[]

  constructor(core: readonly [bigint, bigint, bigint], prerelease: readonly string[]) {
    super()
    this.core = core
    this.prerelease = prerelease
  }

  /** Throws EvaluationError. */
  static parse(text: string): Semver {
    const version = Semver.tryParse(text)
    if (version === undefined) {
      throw new EvaluationError(`"${text}" is not a semantic version such as "1.2.3"`)
    }
    return version
  }

  static tryParse(text: string): Semver | undefined {
    const [, major, minor, patch, prerelease] = FORM.exec(text) ?? []
    if (major === undefined || minor === undefined || patch === undefined) return undefined
    const parts = prerelease?.split('.') ?? []
    if (parts.some((part) => /^0\d+$/.test(part))) return undefined
    return new Semver([BigInt(major), BigInt(minor), BigInt(patch)], parts)
  }

  /** `v1.02` as `1.2.0`: no leading `v` or zeros, missing parts are 0. */
  static normalize(text: string): string {
    const [, core = '', rest = ''] = /^v?([\d.]*)(.*)$/.exec(text) ?? []
    const parts = core.split('.').map((part) => part.replace(/^0+(?=\d)/, ''))
    while (parts.length < 3) parts.push('0')
    return parts.join('.') + rest
  }

  compare(other: Semver): number {
    for (const [index, mine] of this.core.entries()) {
      const theirs = other.core[index] ?? 0n
      if (mine !== theirs) return mine < theirs ? -1 : 1
    }
    return comparePrerelease(this.prerelease, other.prerelease)
  }
}

function comparePrerelease(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return Math.sign(b.length - a.length)
  for (const [index, mine] of a.entries()) {
    const theirs = b[index]
    if (theirs === undefined) return 1
    if (mine === theirs) continue
    const [left, right] = [/^\d+$/.test(mine), /^\d+$/.test(theirs)]
    if (left !== right) return left ? -1 : 1
    return (left ? BigInt(mine) < BigInt(theirs) : mine < theirs) ? -1 : 1
  }
  return a.length < b.length ? -1 : 0
}

export function registerSemver(env: Environment): void {
  const type = 'kubernetes.Semver'
  const form = (text: string, normalize: boolean) => (normalize ? Semver.normalize(text) : text)
  env
    .registerType(type, Semver)
    .registerFunction(`semver(string): ${type}`, (text: string) => Semver.parse(text))
    .registerFunction(`semver(string, bool): ${type}`, (text: string, normalize: boolean) =>
      Semver.parse(form(text, normalize)),
    )
    .registerFunction('isSemver(string): bool', (text: string) => Semver.tryParse(text) !== undefined)
    .registerFunction(
      'isSemver(string, bool): bool',
      (text: string, normalize: boolean) => Semver.tryParse(form(text, normalize)) !== undefined,
    )
    .registerFunction(`${type}.major(): int`, (a: Semver) => a.core[0])
    .registerFunction(`${type}.minor(): int`, (a: Semver) => a.core[1])
    .registerFunction(`${type}.patch(): int`, (a: Semver) => a.core[2])
    .registerFunction(`${type}.isGreaterThan(${type}): bool`, (a: Semver, b: Semver) => a.compare(b) > 0)
    .registerFunction(`${type}.isLessThan(${type}): bool`, (a: Semver, b: Semver) => a.compare(b) < 0)
    .registerFunction(`${type}.compareTo(${type}): int`, (a: Semver, b: Semver) => BigInt(a.compare(b)))
    .registerOperator(`${type} == ${type}`, (a: Semver, b: Semver) => a.compare(b) === 0)
}
