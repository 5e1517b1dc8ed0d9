/**
 * Reads a certificate and checks that the file is byte for byte as it was written. An error names the place of the first
 * difference: invalid JSON, another schema, a wrong field, or a section that was changed.
 */
import { z } from 'zod'
import { ClaimcheckError } from '../core/errors.ts'
import { requireMatch } from '../core/json-schema.ts'
import { placeIn, readJsonFile, type JsonFile } from '../core/json-file.ts'
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
  requireMatch(file, certificateSchema)
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
    problem: 'has a schema that this version of claimcheck cannot verify',
    expected: `"schema": "${CERTIFICATE_SCHEMA}"`,
    found: found === undefined ? 'no schema' : JSON.stringify(found),
    hint: `Use the version of claimcheck that wrote it${version === undefined ? '' : `, ${version}`}.`,
  })
}

function requireDigests(certificate: Certificate, { path }: JsonFile): void {
  const { digest, ...whole } = certificate
  const { sections, ...body } = whole
  const now = sectionsOf(body)
  const names = new Set([...Object.keys(now), ...Object.keys(sections)])
  const changed = [...names].filter((name) => now[name] !== sections[name])
  if (changed.length > 0) {
    throw changedError(
      `${path}: ${changed.map((name) => `"${name}"`).join(', ')}`,
      changed.map((name) => sections[name] ?? 'no such section').join(', '),
      changed.map((name) => now[name] ?? 'no such section').join(', '),
    )
  }
  const own = digestOf(whole)
  if (own !== digest) throw changedError(`${path}: "digest" or "sections"`, digest, own)
}

/** Finds what digests do not cover: white space, the order of keys, duplicate keys and the notation of numbers. */
function requireLayout(certificate: Certificate, { path, text }: JsonFile): void {
  const written = formatCertificate(certificate)
  if (written === text) return
  let offset = 0
  while (written[offset] === text[offset]) offset++
  throw changedError(
    `${path}:${placeIn(text, offset)}`,
    JSON.stringify(written.slice(offset, offset + 20)),
    JSON.stringify(text.slice(offset, offset + 20)),
  )
}

const changedError = (subject: string, expected: string, found: string): ClaimcheckError =>
  new ClaimcheckError('CERTIFICATE_CHANGED', {
    subject,
    problem: 'was changed after it was written',
    expected,
    found,
    hint: 'Use the file as claimcheck wrote it.',
  })
