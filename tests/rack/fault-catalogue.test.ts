/** A declaration of the fault catalogue must be complete, consistent, and valid for the rack. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { loadFaultCatalogue, loadFaultDeclaration, withFaults } from '../../harness/rack/fault-catalogue.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { temporaryFolder } from '../support/rack-file.ts'

const PROJECT = resolve(import.meta.dirname, '../..')
const FOLDER = join(PROJECT, 'fixtures/faults')
const rack = loadRack(join(PROJECT, 'fixtures/racks/h100-2node.yaml'))

test('every declaration of the catalogue is valid for the rack of the fixtures', () => {
  const all = loadFaultCatalogue()
  expect(all.length).toBeGreaterThanOrEqual(30)
  for (const fault of all) expect(withFaults(rack, fault).faults).toEqual(fault.faults)
  expect(all.filter(({ runtimes }) => runtimes.includes('process')).length).toBeGreaterThanOrEqual(12)
  expect(all.filter(({ runtimes }) => !runtimes.includes('model'))).toEqual([])
})

const edited = (from: string | RegExp, to: string, file = 'nic-slow-5.yaml'): string => {
  const text = readFileSync(join(FOLDER, 'nic-slow-5.yaml'), 'utf8')
  const changed = text.replace(from, to)
  expect(changed).not.toBe(text)
  const path = join(temporaryFolder(), file)
  writeFileSync(path, changed)
  return path
}

test.for([
  [/^caught:\n(?: .*\n)+/m, '', 'no test catches it'],
  [/^names: .*\n/m, '', 'lists no device'],
  [/^names:/m, 'notCaught: because\nnames:', 'lists tests under "caught" and gives a reason'],
  ['EXPECTATION_FAILED', 'EXPECTATION_FALED', 'caught[0].code'],
  ['size:', 'sise:', 'did you mean "size"?'],
  ['name: nic-slow-5', 'name: nic-slow-6', 'declares a fault with another name'],
] as const)('%s -> %s', ([from, to, problem]) => {
  const path = edited(from, to)
  expect(() => loadFaultDeclaration(path)).toThrow(
    expect.objectContaining({ code: 'FILE_INVALID', message: expect.stringContaining(problem) }),
  )
  expect(() => loadFaultDeclaration(path)).toThrow(path)
})

test('a fault of an unknown kind is rejected with line and column', () => {
  const path = edited('kind: nic-slow,', 'kind: nic-slw,')
  expect(() => loadFaultDeclaration(path)).toThrow(/nic-slow-5\.yaml:\d+:\d+ at faults\[0\]\.kind/)
})

test('a fault on a device that the rack does not have is rejected', () => {
  const fault = loadFaultDeclaration(edited('nic: mlx5_1', 'nic: mlx5_9'))
  expect(() => withFaults(rack, fault)).toThrow(expect.objectContaining({ code: 'FAULT_INVALID' }))
})

test('two faults that set the rate of the same NIC are rejected', () => {
  const faults = ['throttle', 'stall-periodic'].flatMap(
    (name) => loadFaultDeclaration(join(FOLDER, `${name}.yaml`)).faults,
  )
  expect(() => withFaults(rack, { faults })).toThrow('changes the rate of node-a/mlx5_1 over time')
})
