/**
 * What can be wrong with a rack. Each fault names the node and device it sits on and acts on packets, devices or
 * published attributes, never on a reported figure.
 */
import { z } from 'zod'
import { ClaimcheckError } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import { sizeSchema } from '../core/quantity-schema.ts'
import type { Rack } from './rack.ts'

const node = z.string()
const nic = z.string()

export const faultSchema = z.discriminatedUnion('kind', [
  /** One NIC at a fraction of its rate. */
  z.strictObject({ kind: z.literal('nic-slow'), node, nic, fraction: z.number().gt(0).lt(1) }),
  /** A NIC's character devices appear in every pod of the node, claimed or not. */
  z.strictObject({ kind: z.literal('device-leak'), node, nic }),
  /** A NIC is published with another NUMA node than it has. */
  z.strictObject({ kind: z.literal('numa-misreport'), node, nic, numaNode: z.int().min(0) }),
  /** Traffic of the node's pods to the fabric leaves over eth0. */
  z.strictObject({ kind: z.literal('tcp-fallback'), node }),
  /** A byte changes on the way, once in so many bytes of a NIC. */
  z.strictObject({ kind: z.literal('corrupt'), node, nic, everyBytes: sizeSchema }),
  /** A NIC's link dies once it has carried so many bytes in a pod. */
  z.strictObject({ kind: z.literal('link-cut'), node, nic, afterBytes: sizeSchema }),
])

export type Fault = Readonly<z.infer<typeof faultSchema>>
export type FaultKind = Fault['kind']

/** Throws FAULT_INVALID where a fault names a node or NIC that the rack lacks. */
export function checkFaults(rack: Rack): void {
  rack.faults.forEach((fault, index) => {
    const subject = `${rack.path} faults[${index}] (${fault.kind})`
    check(subject, 'node', fault.node, rack.nodes)
    if ('nic' in fault)
      check(
        subject,
        'NIC',
        fault.nic,
        rack.sku.nics.map((nic) => nic.name),
      )
  })
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
