/**
 * Kubernetes' address functions in CEL: `ip("10.0.0.1")`, `cidr("10.0.0.0/8").containsIP(...)`, `isIP`, `isCIDR`.
 * An address is a family and a number; zones and IPv4-mapped IPv6 are not addresses here, as in Kubernetes.
 */
import { isIPv4, isIPv6 } from 'node:net'
import { type Environment, EvaluationError } from '@marcbachmann/cel-js'

class Ip {
  readonly family: 4 | 6
  readonly value: bigint

  constructor(family: 4 | 6, value: bigint) {
    this.family = family
    this.value = value
  }

  static tryParse(text: string): Ip | undefined {
    if (isIPv4(text)) return new Ip(4, join(text.split('.').map(BigInt), 8n))
    if (!isIPv6(text) || text.includes('%') || text.includes('.')) return undefined
    const [head = '', tail] = text.split('::')
    const left = groups(head)
    const right = groups(tail ?? '')
    const zeros = tail === undefined ? 0 : 8 - left.length - right.length
    return new Ip(6, join([...left, ...Array.from({ length: zeros }, () => 0n), ...right], 16n))
  }

  get bits(): 32 | 128 {
    return this.family === 4 ? 32 : 128
  }

  isIn(text: string): boolean {
    return Cidr.tryParse(text)?.contains(this) ?? false
  }
}

class Cidr {
  readonly ip: Ip
  readonly prefix: number

  constructor(ip: Ip, prefix: number) {
    this.ip = ip
    this.prefix = prefix
  }

  static tryParse(text: string): Cidr | undefined {
    const [, address = '', length] = /^(.*)\/(0|[1-9]\d{0,2})$/.exec(text) ?? []
    const ip = Ip.tryParse(address)
    if (ip === undefined || length === undefined || Number(length) > ip.bits) return undefined
    return new Cidr(ip, Number(length))
  }

  network(ip: Ip): bigint {
    return ip.value >> BigInt(ip.bits - this.prefix)
  }

  contains(ip: Ip): boolean {
    return ip.family === this.ip.family && this.network(ip) === this.network(this.ip)
  }

  masked(): Cidr {
    return new Cidr(
      new Ip(this.ip.family, this.network(this.ip) << BigInt(this.ip.bits - this.prefix)),
      this.prefix,
    )
  }
}

const groups = (text: string): bigint[] =>
  text === '' ? [] : text.split(':').map((group) => BigInt(`0x${group}`))
const join = (parts: readonly bigint[], bits: bigint): bigint =>
  parts.reduce((value, part) => (value << bits) | part, 0n)

function certain<T>(value: T | undefined, text: string, what: string): T {
  if (value === undefined) throw new EvaluationError(`"${text}" is not ${what}`)
  return value
}
const ipOf = (text: string): Ip => certain(Ip.tryParse(text), text, 'an IP address')
const cidrOf = (text: string): Cidr =>
  certain(Cidr.tryParse(text), text, 'an address range such as 10.0.0.0/8')
const containsCidr = (outer: Cidr, inner: Cidr): boolean =>
  inner.prefix >= outer.prefix && outer.contains(inner.ip)

export function registerAddress(env: Environment): void {
  const [ip, cidr] = ['net.IP', 'net.CIDR']
  env
    .registerType(ip, Ip)
    .registerType(cidr, Cidr)
    .registerFunction(`ip(string): ${ip}`, ipOf)
    .registerFunction('isIP(string): bool', (text: string) => Ip.tryParse(text) !== undefined)
    .registerFunction(`${ip}.family(): int`, (a: Ip) => BigInt(a.family))
    .registerFunction(`${ip}.isUnspecified(): bool`, (a: Ip) => a.value === 0n)
    .registerFunction(`${ip}.isLoopback(): bool`, (a: Ip) => a.isIn('127.0.0.0/8') || a.isIn('::1/128'))
    .registerFunction(
      `${ip}.isLinkLocalUnicast(): bool`,
      (a: Ip) => a.isIn('169.254.0.0/16') || a.isIn('fe80::/10'),
    )
    .registerFunction(`cidr(string): ${cidr}`, cidrOf)
    .registerFunction('isCIDR(string): bool', (text: string) => Cidr.tryParse(text) !== undefined)
    .registerFunction(`${cidr}.ip(): ${ip}`, (a: Cidr) => a.ip)
    .registerFunction(`${cidr}.prefixLength(): int`, (a: Cidr) => BigInt(a.prefix))
    .registerFunction(`${cidr}.masked(): ${cidr}`, (a: Cidr) => a.masked())
    .registerFunction(`${cidr}.containsIP(${ip}): bool`, (a: Cidr, b: Ip) => a.contains(b))
    .registerFunction(`${cidr}.containsIP(string): bool`, (a: Cidr, b: string) => a.contains(ipOf(b)))
    .registerFunction(`${cidr}.containsCIDR(${cidr}): bool`, containsCidr)
    .registerFunction(`${cidr}.containsCIDR(string): bool`, (a: Cidr, b: string) =>
      containsCidr(a, cidrOf(b)),
    )
    .registerOperator(`${ip} == ${ip}`, (a: Ip, b: Ip) => a.family === b.family && a.value === b.value)
    .registerOperator(
      `${cidr} == ${cidr}`,
      (a: Cidr, b: Cidr) => a.prefix === b.prefix && a.ip.family === b.ip.family && a.ip.value === b.ip.value,
    )
}
