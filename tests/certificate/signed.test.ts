/** A certificate is vouched for by whoever signed it: in-toto Statement, DSSE envelope, Ed25519. */
import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attestationPath } from '../../harness/certificate/attestation.ts'
import { preAuthenticationEncoding } from '../../harness/certificate/dsse.ts'
import { claimcheck } from '../cli/claimcheck.ts'
import { fileOf, forged, genuineRun, type Genuine } from './genuine.ts'

let genuine: Genuine
let key: string
let pub: string
let other: string

const spki = { type: 'spki', format: 'pem' } as const
const pkcs8 = { type: 'pkcs8', format: 'pem' } as const

const folder = mkdtempSync(join(tmpdir(), 'claimcheck-keys-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
function pemFile(name: string, text: string | Buffer, mode = 0o600): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

beforeAll(async () => {
  const mine = generateKeyPairSync('ed25519')
  key = pemFile('key.pem', mine.privateKey.export(pkcs8))
  pub = pemFile('key.pub.pem', mine.publicKey.export(spki), 0o644)
  other = pemFile('other.pub.pem', generateKeyPairSync('ed25519').publicKey.export(spki), 0o644)
  genuine = await genuineRun({ env: { CLAIMCHECK_SIGN_KEY: key } })
})

interface Envelope {
  payloadType: string
  payload: string
  signatures: { keyid: string; sig: string }[]
}
const envelopeOf = (path: string): Envelope =>
  JSON.parse(readFileSync(attestationPath(path), 'utf8')) as Envelope

test('the pre-authentication encoding is that of the specification', () => {
  expect(
    preAuthenticationEncoding('http://example.com/HelloWorld', Buffer.from('hello world')).toString(),
  ).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world')
})

describe('A run signs its own certificate', () => {
  test('with the fields of DSSE and in-toto, and nothing else', () => {
    const envelope = envelopeOf(genuine.path)
    expect(Object.keys(envelope)).toEqual(['payloadType', 'payload', 'signatures'])
    expect(envelope.payloadType).toBe('application/vnd.in-toto+json')
    const payload = Buffer.from(envelope.payload, 'base64')
    const text = readFileSync(genuine.path)
    expect(JSON.parse(payload.toString())).toEqual({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [
        { name: 'certificate.json', digest: { sha256: createHash('sha256').update(text).digest('hex') } },
      ],
      predicateType: 'https://in-toto.io/attestation/test-result/v0.1',
      predicate: {
        result: 'PASSED',
        configuration: expect.arrayContaining([
          {
            name: 'suites/numa/kv-transfer.test.ts',
            digest: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
          },
        ]),
        passedTests: expect.arrayContaining([
          expect.stringMatching(/^suites\/numa\/kv-transfer.test.ts > .*1.3x unaligned$/),
        ]),
        warnedTests: [],
        failedTests: [],
      },
    })
    const [signature] = envelope.signatures
    const message = Buffer.concat([
      Buffer.from(`DSSEv1 28 application/vnd.in-toto+json ${payload.length} `),
      payload,
    ])
    const publicKey = createPublicKey(readFileSync(pub))
    expect(verify(null, message, publicKey, Buffer.from(signature?.sig ?? '', 'base64'))).toBe(true)
    expect(genuine.output).toContain(`signed by key ${signature?.keyid}`)
  })

  test('and verify accepts it with the public key alone', async () => {
    const said = await claimcheck(['verify', '--key', pub, genuine.path])
    expect(said).toMatchObject({ exitCode: 0, stderr: '' })
    expect(said.stdout).toContain(`Signed by key ${envelopeOf(genuine.path).signatures[0]?.keyid}`)
  })

  test('and without a key, verify says that nobody vouches for it yet', async () => {
    const said = await claimcheck(['verify', genuine.path])
    expect(said.exitCode).toBe(0)
    expect(said.stdout).toContain(
      'Signature not checked: nobody vouches for it until --key names the public key',
    )
  })
})

describe('verify --key refuses', () => {
  async function refusal(path: string, publicKey = pub): Promise<string> {
    const { exitCode, stderr } = await claimcheck(['verify', '--key', publicKey, path])
    expect(exitCode).toBe(1)
    return stderr
  }
  const attested = (line: string): string => {
    const path = fileOf(readFileSync(genuine.path, 'utf8'))
    writeFileSync(attestationPath(path), line)
    return path
  }
  const signed = (): string => readFileSync(attestationPath(genuine.path), 'utf8')

  test('an unsigned certificate', async () => {
    expect(await refusal(fileOf(genuine.certificate))).toMatch(
      /CERTIFICATE_UNSIGNED: .* expected a signature by key [0-9a-f]{64}, found no signature/,
    )
  })

  test('the signature of another key', async () => {
    expect(await refusal(genuine.path, other)).toMatch(/CERTIFICATE_UNSIGNED: .* found key [0-9a-f]{64}/)
  })

  test('a signature that was moved to another certificate', async () => {
    const path = fileOf(forged(genuine.certificate, (copy) => void (copy.run = 'another run')))
    writeFileSync(attestationPath(path), signed())
    expect(await refusal(path)).toMatch(/CERTIFICATE_UNSIGNED: .* expected an attestation to sha256/)
  })

  test('a payload that was changed', async () => {
    const envelope = JSON.parse(signed()) as Envelope
    const payload = Buffer.from(envelope.payload, 'base64').toString().replace('PASSED', 'WARNED')
    envelope.payload = Buffer.from(payload).toString('base64')
    expect(await refusal(attested(JSON.stringify(envelope)))).toContain('CERTIFICATE_UNSIGNED')
  })

  test('another payload type', async () => {
    const envelope = { ...(JSON.parse(signed()) as Envelope), payloadType: 'application/json' }
    expect(await refusal(attested(JSON.stringify(envelope)))).toContain('CERTIFICATE_UNSIGNED')
  })

  test('what is no envelope', async () => {
    expect(await refusal(attested('{"payload": 1}'))).toMatch(
      /FILE_INVALID: .*intoto.jsonl:1 is no DSSE envelope/,
    )
  })

  test('but accepts a second signer, base64url and unknown fields', async () => {
    const envelope = JSON.parse(signed()) as Envelope
    const [own] = envelope.signatures
    const url = {
      ...envelope,
      payload: Buffer.from(envelope.payload, 'base64').toString('base64url'),
      signatures: [{ sig: 'AAAA' }, { ...own, cert: 'unknown' }],
    }
    const path = attested(JSON.stringify(url))
    expect(await claimcheck(['verify', '--key', pub, path])).toMatchObject({ exitCode: 0, stderr: '' })
  })
})

describe('sign', () => {
  test('writes the attestation beside the certificate', async () => {
    const path = fileOf(genuine.certificate)
    const said = await claimcheck(['sign', '--key', key, path])
    expect(said).toMatchObject({ exitCode: 0, stderr: '' })
    expect(said.stdout).toContain(`${attestationPath(path)}, signed by key`)
    expect(await claimcheck(['verify', '--key', pub, path])).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('does not sign what verify refutes', async () => {
    const path = fileOf(forged(genuine.certificate, (copy) => void (copy.verdict = 'failed')))
    const said = await claimcheck(['sign', '--key', key, path])
    expect(said.stderr).toMatch(
      /CERTIFICATE_REFUTED: .* is refuted and was not signed: .*its tests give passed/,
    )
    expect(existsSync(attestationPath(path))).toBe(false)
  })
})

describe('A wrong key is named', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const ed25519 = generateKeyPairSync('ed25519')
  test.for<[string, string, string, string | Buffer, number, RegExp]>([
    [
      'the public key',
      'sign',
      'a.pem',
      ed25519.publicKey.export(spki),
      0o600,
      /is no private key: expected a PEM file that begins with -----BEGIN PRIVATE KEY-----, found -----BEGIN PUBLIC KEY-----/,
    ],
    [
      'the private key',
      'verify',
      'b.pem',
      ed25519.privateKey.export(pkcs8),
      0o600,
      /is no public key: .* Never give away the private key/,
    ],
    [
      'an RSA key',
      'sign',
      'c.pem',
      rsa.privateKey.export(pkcs8),
      0o600,
      /is of another kind: expected an Ed25519 key, found rsa/,
    ],
    [
      'an RSA public key',
      'verify',
      'd.pem',
      rsa.publicKey.export(spki),
      0o644,
      /is of another kind: expected an Ed25519 key, found rsa/,
    ],
    [
      'a key that others can read',
      'sign',
      'e.pem',
      ed25519.privateKey.export(pkcs8),
      0o644,
      /is a private key that other users can read or replace: expected mode 0600 or 0400, found mode 0644/,
    ],
    [
      'an encrypted key',
      'sign',
      'f.pem',
      ed25519.privateKey.export({ ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'x' }),
      0o600,
      /is no private key: .* found -----BEGIN ENCRYPTED PRIVATE KEY-----. Decrypt it with/,
    ],
    ['text', 'sign', 'g.pem', 'no key', 0o600, /is no private key: .* found no PEM/],
    [
      'a truncated key',
      'sign',
      'h.pem',
      '-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----\n',
      0o600,
      /could not be parsed/,
    ],
  ])('%s for %s', async ([, command, name, text, mode, told]) => {
    const said = await claimcheck([command, '--key', pemFile(name, text, mode), genuine.path])
    expect(said).toMatchObject({ exitCode: 1, stdout: '' })
    expect(said.stderr).toContain('KEY_INVALID')
    expect(said.stderr).toMatch(told)
  })

  test('before a run begins', async () => {
    await expect(genuineRun({ env: { CLAIMCHECK_SIGN_KEY: pub }, again: 1 })).rejects.toThrow(
      'could not be read',
    )
  })
})
