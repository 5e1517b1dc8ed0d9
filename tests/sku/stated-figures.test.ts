/** Which figure of a profile applies to a measurement. */
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { parseBytes } from '../../harness/core/units.ts'
import { loadSku, parseSku } from '../../harness/sku/sku.ts'
import { statedFigureFor, type Measurement } from '../../harness/sku/stated-figures.ts'

const H100 = resolve(import.meta.dirname, '../../fixtures/skus/h100x8.yaml')
const asked = (size: string, more: Partial<Measurement> = {}): Measurement => ({
  comparison: 'kv',
  arm: 'aligned',
  role: 'aligned',
  op: 'WRITE',
  size: parseBytes(size),
  over: 'fabric',
  ...more,
})

test('the older form states WRITE of 1 GiB, and the bandwidth of larger ones', () => {
  const sku = loadSku(H100)
  expect(statedFigureFor(sku, asked('1 GiB'))).toMatchObject({ bandwidth: { value: 39.07 }, latency: {} })
  const larger = statedFigureFor(sku, asked('2 GiB'))
  expect(larger?.bandwidth.value).toBe(39.07)
  expect(larger).not.toHaveProperty('latency')
  expect(statedFigureFor(sku, asked('64 MiB'))).toBeUndefined()
  expect(statedFigureFor(sku, asked('1 GiB', { op: 'READ' }))).toBeUndefined()
})

const figure = (text: string): string =>
  `{ arm: aligned, op: WRITE, ${text}, bandwidth: { value: RATE GB/s, bounds: { lower: -5 %, upper: 5 % } } }`
const profile = (figures: readonly string[]): string => `
schema: claimcheck.sku/1
name: small
description: one GPU
gpu: { productName: NVIDIA X, architecture: X, memory: 1 GiB }
gpus: [{ name: gpu-0, pciBusID: '0000:01:00.0', numaNode: 0 }]
nics: []
reference:
  source: a test
  figures:
${figures.map((one, index) => `    - ${one.replace('RATE', String(index + 1))}`).join('\n')}
`

test('the figure of the comparison counts before one of any, and that of the size before a smaller one', () => {
  const sku = parseSku(
    profile([
      figure('size: 1 GiB, from: 64 MiB'),
      figure('size: 256 MiB'),
      figure('comparison: kv, size: 256 MiB'),
      figure('comparison: other, size: 1 GiB'),
    ]),
    'sku.yaml',
  )
  const valueAt = (size: string, more: Partial<Measurement> = {}): number | undefined =>
    statedFigureFor(sku, asked(size, more))?.bandwidth.value
  expect(valueAt('256 MiB')).toBe(3)
  expect(valueAt('256 MiB', { comparison: 'third' })).toBe(2)
  expect(valueAt('1 GiB')).toBe(1)
  expect(valueAt('1 GiB', { comparison: 'other' })).toBe(4)
  expect(valueAt('64 MiB')).toBe(1)
  expect(valueAt('8 GiB')).toBe(1)
  expect(valueAt('4 KiB')).toBeUndefined()
})

test('`from` above the size is refused with its place', () => {
  expect(() => parseSku(profile([figure('size: 1 GiB, from: 2 GiB')]), 'sku.yaml')).toThrow(
    /sku\.yaml:11:\d+ .*must not be larger than size/s,
  )
})
