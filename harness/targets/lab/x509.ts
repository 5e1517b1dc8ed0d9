/**
 * Creates the certificates of a lab: a self-signed authority and the certificates it signs, as PEM, with P-256 keys. They
 * have the extensions that Kubernetes requires and no others.
 */
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 requires it to be loaded first
import 'reflect-metadata'
import { generateKeyPairSync, KeyObject, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  type Extension,
} from '@peculiar/x509'

export interface Certificate {
  readonly certificate: string
  readonly key: string
}

export interface Authority {
  readonly certificate: string
  /** Issues a server certificate. `alternatives` are its DNS names and IP addresses. */
  server(name: string, alternatives: readonly string[]): Promise<Certificate>
  /** Issues a client certificate. Kubernetes reads the user from its common name and the groups from its organizations. */
  client(user: string, groups: readonly string[]): Promise<Certificate>
}

const VALID_DAYS = 365
/** Allows for clocks that differ. */
const BACKDATED_MS = 3_600_000
const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' }
const SIGNING_ALGORITHM = { name: 'ECDSA', hash: 'SHA-256' }

export async function createAuthority(name: string): Promise<Authority> {
  const keys = await createKeys()
  const issuer = distinguishedName(name)
  const issue = async (
    subject: Name,
    publicKey: webcrypto.CryptoKey,
    extensions: Extension[],
  ): Promise<string> => {
    const certificate = await X509CertificateGenerator.create({
      issuer,
      subject,
      publicKey,
      extensions,
      signingKey: keys.privateKey,
      signingAlgorithm: SIGNING_ALGORITHM,
      notBefore: new Date(Date.now() - BACKDATED_MS),
      notAfter: new Date(Date.now() + VALID_DAYS * 86_400_000),
    })
    return `${certificate.toString('pem')}\n`
  }
  const issueLeaf = async (subject: Name, extensions: Extension[]): Promise<Certificate> => {
    const own = await createKeys()
    const usage = new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true)
    return {
      certificate: await issue(subject, own.publicKey, [usage, ...extensions]),
      key: KeyObject.from(own.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
    }
  }
  return {
    certificate: await issue(issuer, keys.publicKey, [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ]),
    server: (server, alternatives) =>
      issueLeaf(distinguishedName(server), [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension(
          alternatives.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
        ),
      ]),
    client: (user, groups) =>
      issueLeaf(distinguishedName(user, groups), [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
      ]),
  }
}

/** Creates the key pair with which the API server signs and verifies service account tokens. */
export function createKeyPair(): { readonly privateKey: string; readonly publicKey: string } {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
}

const createKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify'])

/** Strings are UTF-8, since user names may have characters that a PrintableString lacks. */
const distinguishedName = (name: string, groups: readonly string[] = []): Name =>
  new Name([...groups.map((group) => ({ O: [{ utf8String: group }] })), { CN: [{ utf8String: name }] }])
