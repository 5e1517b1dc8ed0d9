/** Writes `docs/certificate.schema.json`, the published schema of `certificate.json`. Run it after a change of the zod schema. */
import { writeFileSync } from 'node:fs'
import { formatCertificateSchema } from './certificate.ts'

writeFileSync(new URL('../../docs/certificate.schema.json', import.meta.url), formatCertificateSchema())
