import * as fc from 'fast-check'
import { describe, test } from 'vitest'
import { Quantity } from '../../../../harness/dra/cel/library/quantity.ts'
import { Semver } from '../../../../harness/dra/cel/library/semver.ts'
import { compileSelector } from '../../../../harness/dra/cel/selector.ts'
import { ClaimcheckError } from '../../../../harness/core/errors.ts'

const selects = (expression: string): boolean =>
  compileSelector(expression, 'this').matches({ name: 'd' }, 'driver.example')

describe('Kubernetes functions: true', () => {
  test.for([
    'quantity("1.5Gi") == quantity("1536Mi")',
    'quantity("1e3").asInteger() == 1000',
    'quantity("0.1n") == quantity("1n") && quantity("-0.1n") == quantity("-1n")',
    'quantity("500m").asApproximateFloat() == 0.5',
    '!quantity("500m").isInteger()',
    'quantity("1k").add(quantity("24")).sub(1000) == quantity("24")',
    'quantity("80Gi").isLessThan(quantity("80G")) == false',
    '!isQuantity("80 Gi") && !isQuantity("") && !isQuantity("1gi") && isQuantity(".5")',
    'semver("1.2.3-rc.1").isLessThan(semver("1.2.3"))',
    'semver("1.2.3+build") == semver("1.2.3")',
    'semver("v1.02", true).minor() == 2',
    '!isSemver("v1.2") && isSemver("v1.2", true) && !isSemver("1.2.3-01")',
    'semver("2.0.0").compareTo(semver("10.0.0")) == -1',
    '"mlx5_12".find("[0-9]+$") == "12"',
    '"mlx5".find("x[0-9]{3}") == ""',
    '"a1b22c3".findAll("[0-9]+") == ["1", "22", "3"]',
    '"a1b22c3".findAll("[0-9]+", 2).size() == 2',
    '"RDMA0".find("(?i)rdma") == "RDMA"',
    '"abc".charAt(1) == "b" && "a.b.c".replace(".", "-") == "a-b-c" && "a.b.c".replace(".", "-", 1) == "a-b.c"',
    '"A100-SXM4-40GB".matches("(?i)a100") && matches("mlx5_1", "_[[:digit:]]$")',
    '"40GB".matches("40GB\\\\z") && !"40GB\\n".matches("40GB\\\\z")',
    '"abc".findAll("b*") == ["", "b", ""]',
    '"%s has %d of %.1f, %x %X %o %b%%".format(["n", 3, 2.55, 255, 255, 8, 5]) == "n has 3 of 2.5, ff FF 10 101%"',
    '"%s %s".format([[1, "a"], {"k": true}]) == "[1, \\"a\\"] {\\"k\\":true}"',
    '[1, 2, 2].isSorted() && ![2, 1].isSorted()',
    '[1, 2, 3].sum() == 6 && [1, 3, 2].max() == 3',
    '[1, 2, 1].indexOf(1) == 0 && [1, 2, 1].lastIndexOf(1) == 2 && [1].indexOf(5) == -1',
    'sets.contains([1, 2, 3], [3, 1]) && !sets.contains([1], [2])',
    'sets.equivalent([1, 1, 2], [2, 1]) && !sets.equivalent([1], [1, 2])',
    'sets.intersects(["a"], ["b", "a"]) && !sets.intersects([1], [2])',
    'ip("10.0.0.1").family() == 4 && ip("::1").isLoopback() && ip("fe80::1").isLinkLocalUnicast()',
    'ip("2001:db8::1") == ip("2001:db8:0:0:0:0:0:1")',
    'cidr("10.64.3.1/24").masked() == cidr("10.64.3.0/24")',
    'cidr("10.64.0.0/16").containsCIDR("10.64.3.0/24") && !cidr("10.64.3.0/24").containsCIDR("10.64.0.0/16")',
    '!cidr("10.0.0.0/8").containsIP("::1") && cidr("2001:db8::/32").containsIP(ip("2001:db8::1"))',
    'isIP("1.2.3.4") && !isIP("1.2.3") && !isIP("::ffff:1.2.3.4") && !isCIDR("1.2.3.4/33")',
  ])('%s', (expression, { expect }) => {
    expect(selects(expression)).toBe(true)
  })
})

describe('Kubernetes functions: errors', () => {
  test.for([
    'quantity("lots").isInteger()',
    'quantity("9Ei").asInteger() == 1',
    'semver("1.2").major() == 1',
    '"a".find("[") == ""',
    '[].max() == 1',
    '"%d".format(["a"]) == ""',
    '"%d".format([]) == ""',
    'semver("1.2.3").exists(x, x == "core")',
    'quantity("1").all(x, true)',
    'ip("1.2.3").family() == 4',
    'cidr("10.0.0.0").prefixLength() == 8',
  ])('%s', (expression, { expect }) => {
    expect(() => selects(expression)).toThrow(ClaimcheckError)
  })
})

test('quantities add and compare as the numbers they stand for', ({ expect }) => {
  const amount = fc.integer({ min: -(2 ** 40), max: 2 ** 40 })
  fc.assert(
    fc.property(amount, amount, (a, b) => {
      const [left, right] = [Quantity.parse(`${a}m`), Quantity.parse(`${b}m`)]
      expect(left.compare(right)).toBe(Math.sign(a - b))
      expect(left.nanos).toBe(BigInt(a) * 1_000_000n)
    }),
  )
})

test('versions are totally ordered', ({ expect }) => {
  const part = fc.nat({ max: 3 })
  const version = fc
    .tuple(part, part, part, fc.constantFrom('', '-a', '-a.1', '-a.b', '-1', '-1.0', '-2'))
    .map(([major, minor, patch, rest]) => `${major}.${minor}.${patch}${rest}`)
  fc.assert(
    fc.property(version, version, version, (...texts) => {
      const [a, b, c] = texts.map((text) => Semver.parse(text)) as [Semver, Semver, Semver]
      expect(Math.sign(a.compare(b)) + Math.sign(b.compare(a))).toBe(0)
      expect(a.compare(b) === 0).toBe(texts[0] === texts[1])
      if (a.compare(b) <= 0 && b.compare(c) <= 0) expect(a.compare(c)).toBeLessThanOrEqual(0)
    }),
  )
})
