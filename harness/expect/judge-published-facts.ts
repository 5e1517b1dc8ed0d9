/** Judges whether what drivers publish of a node's devices is what the node's kernel says. Needs no SKU profile. */
import { comparePublishedFacts } from '../claim/published-facts.ts'
import { ClaimcheckError } from '../core/errors.ts'
import { inconclusiveExpectation, type Expectation } from './expectation.ts'
import type { PublishedDevices } from './published-devices.ts'

export const kernelStatement =
  "published NUMA node, PCIe root, RDMA and interface are the kernel's, for every device"

/** One expectation per node. Inconclusive where no pod could ask the kernel. */
export async function judgeKernelFacts(devices: PublishedDevices): Promise<readonly Expectation[]> {
  const slices = await devices.slices()
  const { emulated } = devices
  return (await devices.kernels()).map(({ node, topology, failure }) => {
    const statement = `${node}: ${kernelStatement}`
    if (topology === undefined) {
      const error = new ClaimcheckError(failure?.code ?? 'CERTIFICATE_INCOMPLETE', {
        subject: node,
        problem: 'was not probed',
        ...(failure === undefined ? {} : { sentence: failure.message }),
      })
      return inconclusiveExpectation(statement, '0', error, emulated)
    }
    const { devices: count, mismatches } = comparePublishedFacts(node, slices, topology)
    const passed = count > 0 && mismatches.length === 0
    return {
      statement,
      verdict: passed ? 'passed' : 'failed',
      ...(passed ? {} : { code: 'TOPOLOGY_MISMATCH' as const }),
      reasons: [
        ...mismatches.map(
          ({ device, fact, kernel, published }) =>
            `${node}/${device}: ${fact}: the kernel says ${kernel}, the driver publishes ${published}`,
        ),
        ...(count === 0 ? [`${node} publishes no GPU and no NIC with a PCI address`] : []),
      ],
      measured: `${count} devices, ${mismatches.length} deviations`,
      limit: '0',
      properties: { devices: count, deviations: mismatches.length },
      emulated,
    }
  })
}
