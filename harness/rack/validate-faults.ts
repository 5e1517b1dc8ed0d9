/** Checks that the faults of a rack name nodes and devices that the rack has. */
import { ClaimcheckError } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import { numaNodesOf, type Sku } from '../sku/sku.ts'
import { changesOverTime } from './rate-schedule.ts'
import type { Fault } from './fault.ts'

/** The parts of a rack that a fault can name. */
export interface FaultyRack {
  readonly path: string
  readonly nodes: readonly string[]
  readonly sku: Sku
  readonly faults: readonly Fault[]
}

/** Throws FAULT_INVALID if a fault names something that the rack lacks, or two faults change the same NIC's rate over time. */
export function validateFaults(rack: FaultyRack): void {
  const changing = new Map<string, number>()
  rack.faults.forEach((fault, index) => {
    const subject = `${rack.path} faults[${index}] (${fault.kind})`
    checkNames(rack, subject, fault)
    if (!changesOverTime(fault)) return
    const place = `${fault.node}/${fault.nic}`
    const first = changing.get(place)
    if (first !== undefined)
      throw new ClaimcheckError('FAULT_INVALID', {
        subject,
        problem: `changes the rate of ${place} over time, as faults[${first}] already does`,
        hint: 'Keep only one of them.',
      })
    changing.set(place, index)
  })
}

function checkNames(rack: FaultyRack, subject: string, fault: Fault): void {
  const nics = rack.sku.nics.map(({ name }) => name)
  const gpus = rack.sku.gpus.map(({ name }) => name)
  if ('node' in fault) check(subject, 'node', fault.node, rack.nodes)
  if ('nic' in fault) check(subject, 'NIC', fault.nic, nics)
  if ('over' in fault) checkOther(subject, fault.nic, fault.over, nics)
  if ('with' in fault) checkOther(subject, fault.nic, fault.with, nics)
  if ('gpu' in fault) check(subject, 'GPU', fault.gpu, gpus)
  if ('numaNode' in fault)
    check(subject, 'NUMA node', String(fault.numaNode), numaNodesOf(rack.sku).map(String))
}

function checkOther(subject: string, nic: string, other: string, nics: readonly string[]): void {
  const others = nics.filter((name) => name !== nic)
  check(subject, 'NIC', other, others)
}

function check(subject: string, what: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return
  const near = nearest(name, known)
  throw new ClaimcheckError('FAULT_INVALID', {
    subject,
    problem: `names a ${what} that this rack does not have`,
    expected: `one of ${known.join(', ')}`,
    found: `"${name}"`,
    ...(near === undefined ? {} : { hint: `Did you mean "${near}"?` }),
  })
}
