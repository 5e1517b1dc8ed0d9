/** The options of a comparison: what is refused, with place and reason, and what an arm has from its declaration. */
import { describe, expect, test } from 'vitest'
import { gpusWithNics, variantsOf } from '../../harness/claim/numa-placements.ts'
import { bytes } from '../../harness/core/units.ts'
import { mergeArms } from '../../harness/expect/declaration-schema.ts'
import { checkComparison, checkLinks } from '../../harness/expect/declarations.ts'

const four = gpusWithNics({ gpus: 4, gpusOn: 0, nics: 4, nicsOn: 0 })
const one = gpusWithNics({ gpus: 1, gpusOn: 0, nics: 1, nicsOn: 0 })
const size = bytes(2 ** 30)
const whole = { name: 'width', arms: { four, one }, op: 'WRITE', size } as const

test('what a declaration states for all arms, every arm has that states nothing else', () => {
  const checked = checkComparison({
    name: 'width',
    arms: { four, one: { ...one, memory: 'gpu' }, tcp: { ...one, transports: 'tcp', op: 'READ' } },
    memory: 'host',
    transports: 'rc',
    op: 'WRITE',
    size,
  })
  expect(checked).toEqual({
    name: 'width',
    op: 'WRITE',
    size: 2 ** 30,
    iters: 100,
    warmupIters: 20,
    arms: {
      four: { ...four, memory: 'host', transports: 'rc' },
      one: { ...one, transports: 'rc' },
      tcp: { ...one, memory: 'host', transports: 'tcp', op: 'READ' },
    },
  })
})

test.for<[string, object, RegExp]>([
  ['one arm', { ...whole, arms: { four } }, /comparison "width" .*arms: expected at least 2 arms/],
  ['an unknown option', { ...whole, sizes: 4 }, /comparison "width" .*Unrecognized key: "sizes"/],
  [
    'an unknown option of an arm',
    { ...whole, arms: { four, one: { ...one, transport: 'tcp' } } },
    /arms\.one: Unrecognized key: "transport"/,
  ],
  [
    'a wrong operation of an arm',
    { ...whole, arms: { four, one: { ...one, op: 'COPY' } } },
    /arms\.one\.op: /,
  ],
  ['a reserved name', { ...whole, arms: { four, round: one } }, /arms\.round: .*reserved/],
  ['a name with a space', { ...whole, arms: { four, 'only one': one } }, /arms\.only one: /],
  [
    'an operation that one arm lacks',
    { name: 'width', arms: { four: { ...four, op: 'READ' }, one }, size },
    /comparison "width" lacks op of arm one/,
  ],
])('%s is refused', ([, declaration, message]) => {
  expect(() => checkComparison(declaration as typeof whole)).toThrow(message)
})

describe('Arms of several groups', () => {
  test('become one group', () => {
    const read = variantsOf(one, { read: { op: 'READ' as const } })
    expect(mergeArms({ four }, read)).toEqual({ four, read: { ...one, op: 'READ' } })
  })

  test('with one name twice are refused', () => {
    expect(() => mergeArms({ four, one }, { one: four })).toThrow(/have the name "one" twice/)
  })

  test('that the SKU does not have are none', () => {
    const unavailable = { unavailable: 'SKU x has no RDMA NIC' }
    expect(variantsOf(unavailable, { read: {} })).toBe(unavailable)
    expect(mergeArms({ four }, unavailable)).toBe(unavailable)
    expect(checkComparison({ ...whole, arms: unavailable }).arms).toBe(unavailable)
  })
})

test('a GPU paired with itself has only one way', () => {
  const arms = { both: { path: 'gpu-links', bothWays: true } } as const
  expect(() => checkLinks({ name: 'memory', turn: 0, arms, op: 'WRITE', size })).toThrow(
    /there is only one way/,
  )
  expect(checkLinks({ name: 'links', turn: 1, arms, op: 'WRITE', size }).arms).toEqual(arms)
})
