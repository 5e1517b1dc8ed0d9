/**
 * Expressions that Kubernetes publishes as tests of its DRA selectors, with the answers and estimated costs stated there
 * (kubernetes/kubernetes, staging/src/k8s.io/dynamic-resource-allocation/cel/compile_test.go).
 */
import { describe, test } from 'vitest'
import type { Device } from '../../../harness/dra/objects.ts'
import { worstCaseCost } from '../../../harness/dra/cel/cost.ts'
import { environment } from '../../../harness/dra/cel/environment.ts'
import { withOurNames } from '../../../harness/dra/cel/library/replaced-functions.ts'
import { compileSelector } from '../../../harness/dra/cel/selector.ts'

const DRIVER = 'dra.example.com'
const ATTRIBUTES = 'device.attributes["dra.example.com"]'
const CAPACITY = 'device.capacity["dra.example.com"]'
const device = (attributes: Device['attributes'] = {}, capacity: Device['capacity'] = {}): Device => ({
  name: 'device',
  attributes,
  capacity,
})
const mebibyte = { value: '1Mi' }
const LIST = 64
const INCLUDES = 48
const everything = device(
  { bool: { bool: true }, int: { int: 1 }, string: { string: 'fish' }, version: { version: '1.0.0' } },
  { quantity: mebibyte },
)
const values = (count: number): Device =>
  device({ name: { strings: Array.from({ length: count }, (_, index) => `value-${index}`) } })

type Row = readonly [expression: string, given: Device, answer: boolean | 'error', cost: number]
const includes = (
  argument: string,
  attribute: NonNullable<Device['attributes']>[string],
  answer: boolean,
): Row => [
  `${ATTRIBUTES}.name.includes(${argument})`,
  device({ name: attribute }),
  answer,
  4 + INCLUDES + (argument.startsWith('semver') ? 1 : 0),
]

const rows: readonly Row[] = [
  ['true', device(), true, 0],
  ['false', device(), false, 0],
  ['device.attributes["no-such-domain"].noSuchAttr.isGreaterThan(quantity("0"))', device(), 'error', 6],
  ['device.attributes["no-such-domain"]["noSuchAttr"].isGreaterThan(quantity("0"))', device(), 'error', 6],
  ['"no-such-domain" in device.attributes', device(), false, 3],
  ['"dra.example.com" in device.attributes', device({ 'dra.example.com/x': { bool: true } }), true, 3],
  ['device.driver == "dra.example.com"', device(), true, 4],
  [`${ATTRIBUTES}.name`, device({ name: { bool: true } }), true, 4],
  [`${ATTRIBUTES}["name"]`, device({ name: { bool: true } }), true, 4],
  [`cel.bind(dra, ${ATTRIBUTES}, dra.name)`, device({ name: { bool: true } }), true, 15],
  [
    'device.attributes["other.example.com"].name',
    device({ 'other.example.com/name': { bool: true } }),
    true,
    4,
  ],
  [`${ATTRIBUTES}.name > 0`, device({ name: { int: 1 } }), true, 5],
  [`${ATTRIBUTES}.name == "fish"`, device({ name: { string: 'fish' } }), true, 5],
  [`${ATTRIBUTES}.name.exists(x, x > 0)`, device({ name: { int: 1 } }), 'error', 5 + 6 * LIST],
  [`${ATTRIBUTES}.name.exists(x, x == true)`, device({ name: { bool: true } }), 'error', 5 + 6 * LIST],
  [`${ATTRIBUTES}.name.exists(x, x == "fish")`, device({ name: { string: 'fish' } }), 'error', 5 + 6 * LIST],
  [
    `${ATTRIBUTES}.name.exists(x, x.isGreaterThan(semver("0.0.1")))`,
    device({ name: { version: '1.0.0' } }),
    'error',
    5 + 7 * LIST,
  ],
  [`${ATTRIBUTES}.names`, device({ names: { strings: ['fish', 'bird'] } }), 'error', 4],
  includes('"fish"', { strings: ['fish', 'bird'] }, true),
  includes('"cat"', { strings: ['fish', 'bird'] }, false),
  includes('"fish"', { string: 'fish' }, true),
  includes('"bird"', { string: 'fish' }, false),
  includes('true', { bool: true }, true),
  includes('true', { bool: false }, false),
  includes('true', { bools: [true, false] }, true),
  includes('false', { bools: [true, true] }, false),
  includes('1', { int: 1 }, true),
  includes('1', { int: 2 }, false),
  includes('1', { ints: [1, 2] }, true),
  includes('3', { ints: [1, 2] }, false),
  includes('semver("1.0.0")', { version: '1.0.0' }, true),
  includes('semver("2.0.0")', { version: '1.0.0' }, false),
  includes('semver("1.0.0")', { versions: ['1.0.0', '2.0.0'] }, true),
  includes('semver("3.0.0")', { versions: ['1.0.0', '2.0.0'] }, false),
  [`${ATTRIBUTES}.name.includes("value-48")`, values(48), false, 4 + INCLUDES],
  [`${ATTRIBUTES}.name.includes("value-49")`, values(49), 'error', 4 + INCLUDES],
  [`${ATTRIBUTES}.names.size() == 2`, device({ names: { bools: [true, false] } }), true, 6],
  [`${ATTRIBUTES}.names.size() == 2`, device({ names: { ints: [1, 2] } }), true, 6],
  [`${ATTRIBUTES}.names.size() == 2`, device({ names: { strings: ['fish', 'bird'] } }), true, 6],
  [`${ATTRIBUTES}.names.size() == 2`, device({ names: { versions: ['1.0.0', '2.0.0'] } }), true, 6],
  [`${ATTRIBUTES}.names.exists(x, x > 0)`, device({ names: { ints: [1, 2] } }), true, 5 + 6 * LIST],
  [
    `${ATTRIBUTES}.names.all(x, x != "")`,
    device({ names: { strings: ['fish', 'bird'] } }),
    true,
    5 + 4 * LIST,
  ],
  [
    `${ATTRIBUTES}.names.all(x, x.isGreaterThan(semver("0.0.1")))`,
    device({ names: { versions: ['1.0.0', '2.0.0'] } }),
    true,
    5 + 6 * LIST,
  ],
  [`1 in ${ATTRIBUTES}.names`, device({ names: { ints: [1, 2, 3] } }), true, 4 + LIST],
  [`${ATTRIBUTES}.name.isGreaterThan(semver("0.0.1"))`, device({ name: { version: '1.0.0' } }), true, 6],
  [
    `${ATTRIBUTES}.name.isGreaterThan(semver("v0.0.1", true)) && isSemver("v1.0.0", true)`,
    device({ name: { version: '1.0.0' } }),
    true,
    7,
  ],
  [`${CAPACITY}.name.isGreaterThan(quantity("1Ki"))`, device({}, { name: mebibyte }), true, 6],
  [
    `"name" in ${CAPACITY} && ${CAPACITY}.name.isGreaterThan(quantity("1Ki"))`,
    device({}, { name: mebibyte }),
    true,
    10,
  ],
  [`!("name" in ${CAPACITY}) || ${CAPACITY}.name.isGreaterThan(quantity("1Ki"))`, device(), true, 11],
  [
    [
      `${CAPACITY}.quantity.isGreaterThan(quantity("1Ki"))`,
      `${ATTRIBUTES}.bool`,
      `${ATTRIBUTES}.int > 0`,
      `${ATTRIBUTES}.string == "fish"`,
      `${ATTRIBUTES}.version.isGreaterThan(semver("0.0.1"))`,
      `${CAPACITY}["quantity"].isGreaterThan(quantity("1Ki"))`,
      `${ATTRIBUTES}["bool"]`,
      `${ATTRIBUTES}["int"] > 0`,
      `${ATTRIBUTES}["string"] == "fish"`,
      `${ATTRIBUTES}["version"].isGreaterThan(semver("0.0.1"))`,
    ].join(' && '),
    everything,
    true,
    52,
  ],
  ['device.attributes.exists_one(x, x == "dra.example.com")', everything, true, 164],
  [`${ATTRIBUTES}.exists_one(x, x == "string")`, everything, true, 133],
  ['device.capacity.exists_one(x, x == "dra.example.com")', everything, true, 164],
  [`${CAPACITY}.exists_one(x, x == "quantity")`, everything, true, 133],
  [
    `${ATTRIBUTES}.services.split("example").size() >= 2`,
    device({ services: { string: 'some_example_value' } }),
    true,
    19,
  ],
  [`${ATTRIBUTES}.services.matches("[^a]?sym")`, device({ services: { string: 'asymetric' } }), true, 18],
  ['device.allowMultipleAllocations == true', { ...device(), allowMultipleAllocations: true }, true, 3],
  ['device.allowMultipleAllocations == false', device(), true, 3],
]

describe('Kubernetes answers', () => {
  test.for(rows)('%s', ([expression, given, answer, cost], { expect }) => {
    expect(worstCaseCost(environment.parse(withOurNames(expression)).ast)).toBe(cost)
    const matches = (): boolean => compileSelector(expression, 'this').matches(given, DRIVER)
    if (answer === 'error') expect(matches).toThrow(expect.objectContaining({ code: 'CEL_RUNTIME' }))
    else expect(matches()).toBe(answer)
  })
})

describe('Kubernetes refuses when it compiles', () => {
  const ten = '[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]'
  const nested = ['x', 'y', 'z', 'z2', 'z3', 'z4', 'z5'].reduceRight(
    (inner, name) => `${ten}.all(${name}, ${inner})`,
    `int('1'.find('[0-9]*')) < 100`,
  )
  test.for([
    ['?!', 'does not compile'],
    ['1', 'does not evaluate to a bool'],
    [nested, 'at most 1000000, found 85555551'],
    ['"a100".matches("a(?=100)")', 'invalid or unsupported Perl syntax'],
    ['"a100".find("a(?=100)") == ""', 'invalid or unsupported Perl syntax'],
    ['[1, "a"].size() == 2', 'List elements must have the same type'],
    ['b"a".hex() == "61"', 'Kubernetes has no function hex()'],
  ] as const)('%s', ([expression, message], { expect }) => {
    expect(() => compileSelector(expression, 'this')).toThrow(
      expect.objectContaining({ code: 'CEL_INVALID', message: expect.stringContaining(message) }),
    )
  })
})

test.for([
  'url("https://a/b").getHost() == "a"',
  '[1].all(i, v, v == 1)',
  'isURL("https://a/b")',
  '"%e".format([1.0]) == ""',
])('a function that only Kubernetes has is refused by name: %s', (expression, { expect }) => {
  expect(() => compileSelector(expression, 'this')).toThrow(
    expect.objectContaining({ code: 'ALLOCATION_UNSUPPORTED' }),
  )
})
