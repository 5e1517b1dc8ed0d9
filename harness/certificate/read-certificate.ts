/**
 * A certificate from a file. Takes a path; gives a certificate that is byte for byte as it was written. Says of any other
 * what is wrong and where: not JSON, another schema, a field, a section that was changed.
 */
import { z } from 'zod'
import { ClaimcheckError } from '../core/errors.ts'
import { placeIn, readJsonFile, type JsonFile } from '../core/json-file.ts'
import { parseYaml } from '../core/yaml-file.ts'
import { digestOf } from './canonical-json.ts'
import {
  CERTIFICATE_SCHEMA,
  certificateSchema,
  formatCertificate,
  sectionsOf,
  type Certificate,
} from './certificate.ts'

/** Throws FILE_UNREADABLE, FILE_INVALID or CERTIFICATE_CHANGED. */
export const readCertificate = (path: string): Certificate => certificateIn(readJsonFile(path))

export function certificateIn(file: JsonFile): Certificate {
  requireSchema(file)
  const parsed = certificateSchema.safeParse(file.value)
  // JSON is YAML, whose reader knows lines and columns. It is slow, and needed only here.
  if (!parsed.success) parseYaml(file.text, file.path, certificateSchema)
  const certificate = file.value as Certificate
  requireDigests(certificate, file)
  requireLayout(certificate, file)
  return certificate
}

function requireSchema({ path, text, value }: JsonFile): void {
  const head = z.looseObject({ schema: z.unknown(), tool: z.unknown().optional() }).safeParse(value)
  const found = head.data?.schema
  if (found === CERTIFICATE_SCHEMA) return
  const version = z.object({ version: z.string() }).safeParse(head.data?.tool).data?.version
  throw new ClaimcheckError('FILE_INVALID', {
    subject: `${path}:${placeIn(text, Math.max(0, text.indexOf('"schema"')))}`,
    problem: 'is of a schema that this claimcheck does not verify',
    expected: `"schema": "${CERTIFICATE_SCHEMA}"`,
    found: found === undefined ? 'no schema' : JSON.stringify(found),
    hint: `Use the claimcheck that wrote it${version === undefined ? '' : `, ${version}`}.`,
  })
}

function requireDigests(certificate: Certificate, { path }: JsonFile): void {
  const { digest, ...whole } = certificate
  const { sections, ...body } = whole
  const now = sectionsOf(body)
  const names = new Set([...Object.keys(now), ...Object.keys(sections)])
  const changed = [...names].filter((name) => now[name] !== sections[name])
  if (changed.length > 0) {
    throw changedSince(
      `${path}: ${changed.map((name) => `"${name}"`).join(', ')}`,
      changed.map((name) => sections[name] ?? 'no such section').join(', '),
      changed.map((name) => now[name] ?? 'no such section').join(', '),
    )
  }
  const own = digestOf(whole)
  if (own !== digest) throw changedSince(`${path}: "digest" or "sections"`, digest, own)
}

/** What digests do not see: spaces, the order of keys, a key that stands twice, the spelling of a number. */
function requireLayout(certificate: Certificate, { path, text }: JsonFile): void {
  const written = formatCertificate(certificate)
  if (written === text) return
  let offset = 0
  while (written[offset] === text[offset]) offset++
  throw changedSince(
    `${path}:${placeIn(text, offset)}`,
    JSON.stringify(written.slice(offset, offset + 20)),
    JSON.stringify(text.slice(offset, offset + 20)),
  )
}

const changedSince = (subject: string, expected: string, found: string): ClaimcheckError =>
  new ClaimcheckError('CERTIFICATE_CHANGED', {
    subject,
    problem: 'is not as it was written',
    expected,
    found,
    hint: 'Take the file as claimcheck wrote it.',
  })
