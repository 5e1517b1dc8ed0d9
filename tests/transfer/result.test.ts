/** A RESULT that contradicts itself is no figure: a wrong unit must not become a verdict. */
import { expect, test } from 'vitest'
import { genuineResult, read, resealed, withFields } from './recorded-log.ts'

const { avg_GBps: rate, avg_seconds: mean, streams } = genuineResult
const times = ['avg_seconds', 'min_seconds', 'p50_seconds', 'p95_seconds', 'p99_seconds'] as const

test.for([
  ['a rate in GiB/s', { avg_GBps: (rate * 1e9) / 2 ** 30 }, 'avg_GBps is 0.18'],
  ['a rate in Gbit/s', { avg_GBps: rate * 8 }, 'is it in another unit?'],
  ['a negative rate', { avg_GBps: -rate }, 'avg_GBps: '],
  ['no rate', { avg_GBps: null }, 'avg_GBps: '],
  ['a rate as text', { avg_GBps: '0.196' }, 'avg_GBps: '],
  [
    'a mean in ms that carries the rate along',
    { avg_seconds: mean * 1e3, avg_GBps: rate / 1e3 },
    "the samples' mean",
  ],
  ...times.map(
    (name) => [`${name} in ms`, { [name]: genuineResult[name] * 1e3 }, 'is it in another unit?'] as const,
  ),
  ['fewer samples than iterations', { iters: 7 }, 'iters is 7, but there are 6 samples'],
  ['a size that is not that of the blocks', { block_size: 1024 }, 'total_bytes is 5368704, but'],
  ['fewer bytes moved than timed', { moved_bytes: 5368704 }, 'moved_bytes is 5368704, but'],
  ['half a byte', { verified_bytes: 0.5 }, 'verified_bytes: '],
  ['another schema', { schema: 'claimcheck.result/2' }, 'schema: '],
  ['an unknown key', { GBps: 1 }, 'Unrecognized key'],
  ['another operation', { op: 'SEND' }, 'op: '],
  [
    'a stream in ms',
    { streams: streams.map((one) => ({ ...one, p50_seconds: one.p50_seconds * 1e3 })) },
    'p50_seconds of stream 0',
  ],
  [
    'a stream of other bytes',
    { streams: streams.map((one) => ({ ...one, bytes: one.bytes / 2 })) },
    "the streams' bytes are",
  ],
  ['no streams', { streams: [] }, 'streams: '],
] as const)('%s', ([, fields, found]) => {
  expect(() => read(withFields(fields))).toThrow(
    expect.objectContaining({ code: 'RESULT_INVALID', message: expect.stringContaining(found) }),
  )
})

test.for(['NaN', 'Infinity', '1e999', '-0', '0'])('a mean of %s', (value) => {
  const json = JSON.stringify(genuineResult).replace(`"avg_seconds":${mean}`, `"avg_seconds":${value}`)
  expect(json).toContain(`"avg_seconds":${value},`)
  expect(() => read(resealed(json))).toThrow(expect.objectContaining({ code: 'RESULT_INVALID' }))
})

test('every field at fault is named', () => {
  expect(() => read(withFields({ iters: 0, op: 'SEND' }))).toThrow(/op: .*; iters: /)
})

test.for(Object.keys(genuineResult))('without %s', (key) => {
  const { [key as keyof typeof genuineResult]: _, ...rest } = genuineResult
  expect(() => read(resealed(JSON.stringify(rest)))).toThrow(
    expect.objectContaining({ code: 'RESULT_INVALID', message: expect.stringContaining(key) }),
  )
})
