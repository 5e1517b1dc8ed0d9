/** An invalid SKU profile is rejected with file, line and column. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { loadSku, numaNodesOf } from '../../harness/sku/sku.ts'
import { temporaryFolder } from '../support/rack-file.ts'

const FIXTURE = resolve(import.meta.dirname, '../../fixtures/skus/h100x8.yaml')
const text = readFileSync(FIXTURE, 'utf8')

test('the profile of the fixtures is valid', () => {
  const sku = loadSku(FIXTURE)
  expect([sku.gpus.length, sku.nics.length, numaNodesOf(sku)]).toEqual([8, 8, [0, 1]])
  expect(sku.reference.aligned?.bandwidth).toEqual({ value: 39.07, bounds: { lower: -0.12, upper: 0.12 } })
})

const nic1 = "- { name: mlx5_1, pciAddress: '0102:00:00.0', ifName: rdma1, numaNode: 0, charDevice: 1 }"

test.for([
  ['charDevice: 1 }', 'chardevice: 1 }', 'did you mean "charDevice"?'],
  ['gpus:', 'gpu_s:', 'unknown key "gpu_s"; did you mean "gpus"?'],
  [
    'value: 39.07 GB/s, bounds: { lower: -12 %',
    'value: 39.07 GB/s, bounds: { lower: 12 %',
    'lower must be at most 0 %',
  ],
  ['value: 39.07 GB/s', 'value: 39.07 GiB/s', 'is not a valid quantity'],
  ['value: 39.07 GB/s', 'value: 39.07', 'expected a quantity with its unit'],
  ['value: 39.07 GB/s', 'value: 0 GB/s', 'a rate must be greater than 0'],
  ['value: 27.49 ms', 'value: -27.49 ms', 'a time must be greater than 0'],
  ['lower: -12 %', 'lower: -0.12', 'expected a quantity with its unit'],
  ['upper: 14 %', 'upper: -14 %', 'upper at least 0 %'],
  ['lower: -12 %', 'lower: -100 %', 'lower must be above -100 %'],
  ['p99OverP50: 1.5', 'p99OverP50: 0.5', 'at reference.stability.p99OverP50'],
  ['name: mlx5_1', 'name: mlx5_0', 'at nics[1]: "mlx5_0" is listed twice, first at nics[0]'],
  [nic1, nic1.replace('0102:', '0101:'), 'at nics[1]: "0101:00:00.0" is listed twice'],
  [nic1, nic1.replace('rdma1', 'rdma0'), 'at nics[1]: "rdma0" is listed twice'],
  [nic1, nic1.replace('charDevice: 1', 'charDevice: 0'), 'at nics[1]: "0" is listed twice'],
  ["pciBusID: '0002:", "pciBusID: '0001:", 'at gpus[1]: "0001:00:00.0" is listed twice'],
  ["pciBusID: '0002:00:00.0'", "pciBusID: '2:0.0'", 'expected a PCI address'],
  ['numaNode: 1', 'numaNode: one', 'numaNode'],
  ['numaNode: 1', 'numaNode: 1024', 'at gpus[4].numaNode: Too big'],
  ['charDevice: 1 }', 'charDevice: 1048576 }', 'at nics[1].charDevice: Too big'],
  ['p99OverP50: 1.5', 'p99OverP50: 1e300', 'at reference.stability.p99OverP50: Too big'],
  ['upper: 14 %', 'upper: 1e300 %', 'expected at most 1000000 %'],
  ['value: 27.49 ms', 'value: 1e9 s', 'expected at most 1440 min'],
  ['name: mlx5_1', 'name: ..', 'at nics[1].name: expected a device name'],
  ['name: mlx5_1', 'name: a/../../b', 'at nics[1].name: expected a device name'],
  ['name: mlx5_1', 'name: a..b', 'at nics[1].name: expected a device name without ".."'],
  ['name: gpu-1', 'name: ../gpu', 'at gpus[1].name: expected a device name'],
  ['ifName: rdma1', 'ifName: ..', 'at nics[1].ifName: expected a name other than'],
  ['ifName: rdma1', 'ifName: a/b', 'at nics[1].ifName: expected an interface name'],
] as const)('%s -> %s', ([from, to, expected]) => {
  expect(text).toContain(from)
  const edited = text.replace(from, to)
  const path = join(temporaryFolder(), 'sku.yaml')
  writeFileSync(path, edited)
  const line = edited.split('\n').findIndex((line, index) => line !== text.split('\n')[index]) + 1
  expect(() => loadSku(path)).toThrow(
    expect.objectContaining({ code: 'FILE_INVALID', message: expect.stringContaining(expected) }),
  )
  expect(() => loadSku(path)).toThrow(`${path}:${line}:`)
})
