/**
 * Certificates for a cluster of one's own. Takes names; gives PEM of a certificate authority and of what it signs, all
 * on P-256. Only what Kubernetes asks for: no more of X.509 than that.
 */
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { isIPv4 } from 'node:net'

export interface Certificate {
  readonly certificate: string
  readonly key: string
}

export interface Authority {
  readonly certificate: string
  /** A certificate for a server that goes by these names and addresses. */
  server(name: string, alternatives: readonly string[]): Certificate
  /** A certificate for a user in these groups. */
  client(user: string, groups: readonly string[]): Certificate
}

const VALID_DAYS = 365

const OID = {
  commonName: [2, 5, 4, 3],
  organization: [2, 5, 4, 10],
  ecdsaWithSha256: [1, 2, 840, 10045, 4, 3, 2],
  keyUsage: [2, 5, 29, 15],
  alternativeName: [2, 5, 29, 17],
  basicConstraints: [2, 5, 29, 19],
  extendedKeyUsage: [2, 5, 29, 37],
  serverAuth: [1, 3, 6, 1, 5, 5, 7, 3, 1],
  clientAuth: [1, 3, 6, 1, 5, 5, 7, 3, 2],
} as const satisfies Record<string, readonly number[]>

interface Subject {
  readonly name: string
  readonly groups?: readonly string[]
}

export function createAuthority(name: string): Authority {
  const keys = newKeys()
  const issue = (subject: Subject, publicKey: KeyObject, extensions: readonly Buffer[]): string =>
    signed({ issuer: { name }, subject, publicKey, extensions, key: keys.privateKey })
  const leaf = (subject: Subject, extensions: readonly Buffer[]): Certificate => {
    const own = newKeys()
    const usage = extension(OID.keyUsage, bits(0x80), true)
    return {
      certificate: issue(subject, own.publicKey, [usage, ...extensions]),
      key: privatePem(own.privateKey),
    }
  }
  return {
    certificate: issue({ name }, keys.publicKey, [
      extension(OID.basicConstraints, sequence(der(0x01, Buffer.of(0xff))), true),
      extension(OID.keyUsage, bits(0x06), true),
    ]),
    server: (server, alternatives) =>
      leaf({ name: server }, [
        extension(OID.extendedKeyUsage, sequence(oid(OID.serverAuth))),
        extension(OID.alternativeName, sequence(...alternatives.map(alternative))),
      ]),
    client: (user, groups) =>
      leaf({ name: user, groups }, [extension(OID.extendedKeyUsage, sequence(oid(OID.clientAuth)))]),
  }
}

/** What signs and checks tokens of service accounts. */
export function createKeyPair(): { readonly privateKey: string; readonly publicKey: string } {
  const { privateKey, publicKey } = newKeys()
  return {
    privateKey: privatePem(privateKey),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  }
}

function signed(of: {
  readonly issuer: Subject
  readonly subject: Subject
  readonly publicKey: KeyObject
  readonly extensions: readonly Buffer[]
  readonly key: KeyObject
}): string {
  const algorithm = sequence(oid(OID.ecdsaWithSha256))
  const now = Date.now()
  const body = sequence(
    der(0xa0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(0x01), randomBytes(15)])),
    algorithm,
    distinguishedName(of.issuer),
    // An hour back: clocks differ.
    sequence(time(now - 3_600_000), time(now + VALID_DAYS * 86_400_000)),
    distinguishedName(of.subject),
    of.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...of.extensions)),
  )
  return pem('CERTIFICATE', sequence(body, algorithm, bitString(sign('sha256', body, of.key))))
}

const newKeys = (): { publicKey: KeyObject; privateKey: KeyObject } =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })
const privatePem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string

function pem(kind: string, body: Buffer): string {
  const lines = body.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${kind}-----\n${lines.join('\n')}\n-----END ${kind}-----\n`
}

const distinguishedName = ({ name, groups = [] }: Subject): Buffer =>
  sequence(
    ...groups.map((group) => set(sequence(oid(OID.organization), utf8(group)))),
    set(sequence(oid(OID.commonName), utf8(name))),
  )

const alternative = (name: string): Buffer =>
  isIPv4(name) ? der(0x87, Buffer.from(name.split('.').map(Number))) : der(0x82, Buffer.from(name))

const extension = (id: readonly number[], value: Buffer, critical = false): Buffer =>
  sequence(oid(id), ...(critical ? [der(0x01, Buffer.of(0xff))] : []), der(0x04, value))

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts)
const set = (...parts: readonly Buffer[]): Buffer => der(0x31, ...parts)
const integer = (value: Buffer): Buffer => der(0x02, value)
const utf8 = (text: string): Buffer => der(0x0c, Buffer.from(text))
const bitString = (value: Buffer): Buffer => der(0x03, Buffer.of(0), value)
/** Up to eight named bits, the first one the highest. */
const bits = (named: number): Buffer => {
  const unused = named === 0 ? 0 : 31 - Math.clz32(named & -named)
  return der(0x03, Buffer.of(unused, named))
}

function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  return der(0x18, Buffer.from(digits))
}

function oid([first = 0, second = 0, ...rest]: readonly number[]): Buffer {
  const groups = (value: number): number[] => {
    const low = [value & 0x7f]
    for (let high = value >> 7; high > 0; high >>= 7) low.unshift((high & 0x7f) | 0x80)
    return low
  }
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(groups)]))
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const size = body.length
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}
