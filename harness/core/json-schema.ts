/** Checks a JSON file against a schema. Errors name line and column where the file is small enough to find them. */
import type { z } from 'zod'
import { ClaimcheckError } from './errors.ts'
import type { JsonFile } from './json-file.ts'
import { parseYaml } from './yaml-file.ts'

/** Larger files, or ones with more errors, take the YAML parser too long. */
const MOST_TEXT_WITH_PLACES = 2 * 2 ** 20
const MOST_ISSUES_WITH_PLACES = 20

/** Throws FILE_INVALID. */
export function requireMatch<T>({ path, text, value }: JsonFile, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const { issues } = parsed.error
  // JSON is also YAML, and the YAML parser reports lines and columns.
  if (text.length <= MOST_TEXT_WITH_PLACES && issues.length <= MOST_ISSUES_WITH_PLACES)
    return parseYaml(text, path, schema, text.length)
  const [first] = issues
  throw new ClaimcheckError('FILE_INVALID', {
    subject: path,
    problem: `has ${issues.length} fields that do not match the schema`,
    found: `at ${first?.path.join('.') ?? ''}: ${first?.message.slice(0, 200) ?? ''}`,
    hint: 'Use the file as claimcheck wrote it.',
  })
}
