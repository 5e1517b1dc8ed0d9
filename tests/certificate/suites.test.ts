/** A run of all suites between nodes, whose arms differ in devices, operation, size, memory, blocks and ways, is confirmed. */
import { expect, test } from 'vitest'
import { verifyCertificate } from '../../harness/certificate/verify-certificate.ts'
import { forged, genuineRun } from './genuine.ts'

const whole = genuineRun({ args: ['suites/fabric', 'suites/kv-cache'] })

test('every verdict of every suite between nodes is confirmed', async () => {
  const { certificate, output } = await whole
  expect(certificate.verdict, output).toBe('passed')
  const names = Object.values(certificate.evidence).flatMap((own) => Object.keys(own))
  expect(names).toEqual(
    expect.arrayContaining([
      'kv-1gib',
      'scaling',
      'direction',
      'memory',
      'both-ways',
      'paged-write',
      'paged-read',
    ]),
  )
  const verified = await verifyCertificate(certificate)
  expect(verified.filter(({ differences }) => differences.length > 0)).toEqual([])
})

test.for<[string, string, object, RegExp]>([
  ['the operation of an arm', 'direction', { read: { op: 'WRITE' } }, /expected op: WRITE, found READ/],
  ['the ways of an arm', 'both-ways', { both: { bothWays: undefined } }, /expected streams: 4, found 8/],
  [
    'the blocks of an arm',
    'paged-write',
    { paged: { blockSize: 2 ** 21 } },
    /expected bytes of a block: \d+, found \d+/,
  ],
  ['the size of an arm', 'scaling', { one: { size: 2 ** 29 } }, /expected bytes of a block: \d+, found \d+/],
])('%s is not what was planned', async ([, name, change, message]) => {
  const { certificate } = await whole
  const copy = forged(certificate, ({ evidence }) => {
    for (const own of Object.values(evidence)) {
      const found = own[name]
      if (found?.kind !== 'rounds') continue
      for (const [arm, options] of Object.entries(change))
        Object.assign(Object.entries(found.plan.arms).find(([key]) => key === arm)?.[1] ?? {}, options)
    }
  })
  const verified = await verifyCertificate(copy)
  const differences = verified.flatMap((one) => one.differences)
  expect(differences.join('\n')).toMatch(message)
})
