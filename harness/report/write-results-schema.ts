/** Writes `docs/results.schema.json`, the published schema of `results.json`. Run it after a change of the zod schema. */
import { writeFileSync } from 'node:fs'
import { formatJsonSchema } from './json.ts'

writeFileSync(new URL('../../docs/results.schema.json', import.meta.url), formatJsonSchema())
