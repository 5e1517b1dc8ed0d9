/** Every kind of fault is supported by a target; a target that does not support it rejects it before anything starts. */
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { readSettings } from '../../harness/core/variables.ts'
import { loadFaultCatalogue } from '../../harness/rack/fault-catalogue.ts'
import { requireFaultSupport } from '../../harness/rack/fault-support.ts'
import type { Fault } from '../../harness/rack/fault.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { targetKindOf } from '../../harness/targets/target-kinds.ts'
import { rackFile } from '../support/rack-file.ts'

const rack = loadRack(resolve(import.meta.dirname, '../../fixtures/racks/h100-2node.yaml'))

test.for<[Fault, 'emulated' | 'lab', 'emulated' | 'lab']>([
  [{ kind: 'clock-step', node: 'node-a', seconds: 2 }, 'lab', 'emulated'],
  [{ kind: 'log-cut', node: 'node-b' }, 'lab', 'emulated'],
  [{ kind: 'prepare-fails-once', node: 'node-a' }, 'emulated', 'lab'],
  [{ kind: 'late-status', node: 'node-a', by: 1 as never }, 'emulated', 'lab'],
])('%o', ([fault, refuses, makes]) => {
  const faulty = { ...rack, faults: [{ kind: 'nics-slow', node: 'node-a', fraction: 0.5 } as const, fault] }
  expect(() => requireFaultSupport(faulty, makes)).not.toThrow()
  expect(() => requireFaultSupport(faulty, refuses)).toThrow(
    expect.objectContaining({
      code: 'FAULT_INVALID',
      subject: expect.stringContaining(`faults[1] (${fault.kind} on `),
      hint: expect.stringContaining(`CLAIMCHECK_TARGET=${makes}`),
    }),
  )
})

test('the emulated target supports every fault of the catalogue', () => {
  for (const { faults } of loadFaultCatalogue())
    expect(() => requireFaultSupport({ ...rack, faults }, 'emulated')).not.toThrow()
})

test('the settings determine which target has to support the faults', () => {
  const path = rackFile({ faults: ['{ kind: log-cut, node: node-b }'] })
  const load = (target: string) => {
    const settings = readSettings({ CLAIMCHECK_TARGET: target, CLAIMCHECK_RACK: path })
    return targetKindOf(settings).loadSystemUnderTest(settings)
  }
  expect(load('emulated').rack?.faults).toHaveLength(1)
  expect(() => load('lab')).toThrow(`${path} faults[0] (log-cut on node-b)`)
})
