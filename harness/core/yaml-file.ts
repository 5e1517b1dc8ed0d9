/**
 * Reads a YAML file that a person wrote and checks it against a strict schema. Every error has the file, line and column,
 * what was expected and what was found. A misspelt key is an error.
 */
import { type Document, isMap, isNode, isScalar } from 'yaml'
import { z } from 'zod'
import { ClaimcheckError } from './errors.ts'
import { readTextFile } from './input-file.ts'
import { nearest } from './nearest.ts'
import { parseYamlDocument, placeAt } from './yaml-document.ts'

/** Throws FILE_UNREADABLE or FILE_INVALID. */
export function readYamlFile<T>(path: string, schema: z.ZodType<T>): T {
  return parseYaml(readTextFile(path), path, schema)
}

/** Throws FILE_INVALID. `path` is used in messages only; `mostLexemes` is as for `parseYamlDocument`. */
export function parseYaml<T>(text: string, path: string, schema: z.ZodType<T>, mostLexemes?: number): T {
  const { document, lines } = parseYamlDocument(text, path, mostLexemes)
  const value = valueOf(document, path)
  const result = schema.safeParse(value, { reportInput: true })
  if (result.success) return result.data
  const problems = result.error.issues.flatMap((issue) => problemsOf(issue, schema, value))
  const located = problems.map(({ path: keys, key, problem }) => ({
    at: placeAt(path, lines, offsetOf(document, keys, key)),
    problem,
  }))
  const first = located[0]
  throw invalid(
    first?.at ?? path,
    located.map(({ at, problem }, index) => (index === 0 ? problem : `${at} ${problem}`)),
  )
}

function valueOf(document: Document, path: string): unknown {
  try {
    return document.toJS()
  } catch (cause) {
    // Aliases that expand without bound.
    throw invalid(
      path,
      [`is not usable YAML: ${cause instanceof Error ? cause.message : String(cause)}`],
      cause,
    )
  }
}

interface LocatedProblem {
  readonly path: readonly PropertyKey[]
  /** Set where the key is wrong, not its value. */
  readonly key?: string
  readonly problem: string
}

function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodType, value: unknown): LocatedProblem[] {
  if (issue.code !== 'unrecognized_keys') {
    return [{ path: issue.path, problem: `at ${keyPath(issue.path)}: ${issue.message}${adviceOn(issue)}` }]
  }
  const known = knownKeys(schema, issue.path, value)
  return issue.keys.map((key) => {
    const near = nearest(key, known)
    const advice = near === undefined ? `the keys here are ${known.join(', ')}` : `did you mean "${near}"?`
    return { path: issue.path, key, problem: `at ${keyPath(issue.path)}: unknown key "${key}"; ${advice}` }
  })
}

/** Suggests a word where the value is none of the allowed words. */
function adviceOn(issue: z.core.$ZodIssue): string {
  const allowed = 'values' in issue ? issue.values : 'options' in issue ? issue.options : undefined
  const discriminator = 'discriminator' in issue ? issue.discriminator : undefined
  const word = discriminator === undefined ? issue.input : field(issue.input, discriminator)
  if (typeof word !== 'string' || allowed === undefined) return ''
  const near = nearest(word, allowed.map(String))
  return near === undefined ? `, found "${word}"` : `, found "${word}"; did you mean "${near}"?`
}

function keyPath(path: readonly PropertyKey[]): string {
  return path.length === 0
    ? 'the top'
    : path
        .map((key) => (typeof key === 'number' ? `[${key}]` : String(key)))
        .join('.')
        .replaceAll('.[', '[')
}

/** The keys that the schema allows at `path`, walked through JSON Schema so that unions and pipes need no special case. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[], value: unknown): string[] {
  let found = value
  let here: unknown[] = [z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' })]
  for (const key of [...path, undefined]) {
    here = here.flatMap(alternatives).filter((node) => !contradicts(node, found))
    if (key === undefined) break
    found = field(found, key)
    here = here.map((node) =>
      typeof key === 'number'
        ? field(node, 'items')
        : (field(field(node, 'properties'), key) ?? field(node, 'additionalProperties')),
    )
  }
  return [
    ...new Set(here.flatMap((node) => Object.keys((field(node, 'properties') as object | undefined) ?? {}))),
  ]
}

const field = (node: unknown, key: PropertyKey): unknown =>
  typeof node === 'object' && node !== null ? (node as Record<PropertyKey, unknown>)[key] : undefined

/** The members of a union that the value's discriminator excludes. */
function contradicts(node: unknown, value: unknown): boolean {
  const properties = Object.entries((field(node, 'properties') as object | undefined) ?? {})
  return properties.some(([key, property]) => {
    const only = field(property, 'const')
    return only !== undefined && field(value, key) !== undefined && field(value, key) !== only
  })
}

function alternatives(node: unknown): unknown[] {
  const branches = [field(node, 'anyOf'), field(node, 'oneOf'), field(node, 'allOf')].flatMap((b) =>
    Array.isArray(b) ? b : [],
  )
  return [node, ...branches.flatMap(alternatives)]
}

function offsetOf(document: Document, path: readonly PropertyKey[], key: string | undefined): number {
  for (let depth = path.length; depth >= 0; depth--) {
    const node: unknown = document.getIn(path.slice(0, depth), true)
    if (!isNode(node)) continue
    if (key !== undefined && isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key)
      if (pair !== undefined && isNode(pair.key)) return pair.key.range?.[0] ?? 0
    }
    return node.range?.[0] ?? 0
  }
  return 0
}

function invalid(subject: string, problems: readonly string[], cause?: unknown): ClaimcheckError {
  return new ClaimcheckError('FILE_INVALID', {
    subject,
    problem: problems.join('\n  '),
    ...(cause === undefined ? {} : { cause }),
  })
}
