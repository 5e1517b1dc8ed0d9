/** Ed25519 keys in PEM files: PKCS #8 for the private key, SPKI for the public one, as OpenSSL writes them. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { ClaimcheckError } from '../core/errors.ts'
import { readRegularFile } from '../core/input-file.ts'

const MOST_BYTES = 64 * 1024
const OTHERS_READ_OR_WRITE = 0o006
const GROUP_WRITES = 0o020

const LABELS = { private: 'PRIVATE KEY', public: 'PUBLIC KEY' } as const

export interface Key {
  readonly key: KeyObject
  /** SHA-256 of the public key's SPKI in DER, in hexadecimal. */
  readonly id: string
}

/** Throws FILE_UNREADABLE, or KEY_INVALID for another kind of key and for a file that others can read. */
export function readPrivateKey(path: string): Key {
  const { pem, mode } = readPem(path, 'private')
  if ((mode & (OTHERS_READ_OR_WRITE | GROUP_WRITES)) !== 0)
    throw invalid(path, {
      problem: 'is a private key that other users can read or replace',
      expected: 'mode 0600 or 0400',
      found: `mode 0${(mode & 0o777).toString(8)}`,
      hint: `Run chmod 600 ${path}, and make a new key if others may have read this one.`,
    })
  return ed25519(path, () => createPrivateKey(pem))
}

/** Throws FILE_UNREADABLE, or KEY_INVALID for another kind of key. */
export const readPublicKey = (path: string): Key => {
  const { pem } = readPem(path, 'public')
  return ed25519(path, () => createPublicKey(pem))
}

function readPem(path: string, kind: keyof typeof LABELS): { readonly pem: string; readonly mode: number } {
  const { bytes, stats } = readRegularFile(path, MOST_BYTES)
  const pem = bytes.toString('latin1')
  const label = /-----BEGIN ([A-Z0-9 ]{1,60})-----/.exec(pem)?.[1]
  if (label === LABELS[kind]) return { pem, mode: stats.mode }
  throw invalid(path, {
    problem: `is no ${kind} key`,
    expected: `a PEM file that begins with -----BEGIN ${LABELS[kind]}-----`,
    found: label === undefined ? 'no PEM' : `-----BEGIN ${label}-----`,
    hint: hintFor(label, kind),
  })
}

function hintFor(label: string | undefined, kind: keyof typeof LABELS): string {
  if (label === 'ENCRYPTED PRIVATE KEY') return 'Decrypt it with: openssl pkey -in key.pem -out plain.pem'
  return kind === 'private'
    ? 'Make one with: openssl genpkey -algorithm ed25519 -out key.pem'
    : 'Write it with: openssl pkey -in key.pem -pubout -out key.pub.pem. Never give away the private key.'
}

function ed25519(path: string, read: () => KeyObject): Key {
  const key = parsed(path, read)
  if (key.asymmetricKeyType !== 'ed25519')
    throw invalid(path, {
      problem: 'is of another kind',
      expected: 'an Ed25519 key',
      found: key.asymmetricKeyType ?? 'an unknown kind',
      hint: 'Make one with: openssl genpkey -algorithm ed25519 -out key.pem',
    })
  const spki = (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' })
  return { key, id: createHash('sha256').update(spki).digest('hex') }
}

function parsed(path: string, read: () => KeyObject): KeyObject {
  try {
    return read()
  } catch (cause) {
    throw invalid(path, {
      problem: 'could not be parsed',
      found: cause instanceof Error ? cause.message : String(cause),
      hint: 'Use the complete file as OpenSSL wrote it.',
    })
  }
}

const invalid = (
  path: string,
  facts: { problem: string; expected?: string; found: string; hint: string },
): ClaimcheckError => new ClaimcheckError('KEY_INVALID', { subject: path, ...facts })
