/** Judges whether a pod's containers see exactly the claimed GPUs, with the links that the SKU states. */
import type { Sku } from '../sku/sku.ts'
import type { Expectation } from './expectation.ts'
import type { ClaimedPods, ContainerObservation } from '../transfer/pod-set.ts'

export const statement = 'every container sees the claimed GPUs with their links, and no other GPU'

export async function judgeGpus(pods: ClaimedPods): Promise<Expectation> {
  const seen = await pods.look()
  const missing = seen.flatMap(missingIn)
  const foreign = seen.flatMap(foreignIn)
  const links = seen.flatMap((one) => linkFaults(one, pods.sku))
  const reasons = [...missing, ...foreign, ...links]
  const code =
    missing.length > 0 ? 'DEVICE_MISSING' : foreign.length > 0 ? 'DEVICE_LEAK' : 'TOPOLOGY_MISMATCH'
  const gpus = seen.reduce((sum, { sighting }) => sum + (sighting.gpus?.length ?? 0), 0)
  return {
    statement,
    verdict: reasons.length === 0 ? 'passed' : 'failed',
    ...(reasons.length === 0 ? {} : { code }),
    reasons,
    measured: `${gpus} GPUs in ${seen.length} containers, ${reasons.length} deviations`,
    limit: '0',
    properties: { containers: seen.length, gpus, deviations: reasons.length },
    emulated: pods.emulated,
  }
}

const where = ({ node, container }: ContainerObservation): string => `container ${container} on ${node}`

function missingIn(one: ContainerObservation): string[] {
  const { gpus = [], gpu_error: why } = one.sighting
  return one.allocated.gpus
    .filter(({ pciAddress }) => !gpus.some(({ pci_address }) => pci_address === pciAddress))
    .map(
      ({ name, pciAddress }) =>
        `${where(one)} does not see ${name} (${pciAddress}), which is claimed${why == null ? '' : `: ${why}`}`,
    )
}

const foreignIn = (one: ContainerObservation): string[] =>
  (one.sighting.gpus ?? [])
    .filter(({ pci_address }) => !one.allocated.gpus.some(({ pciAddress }) => pciAddress === pci_address))
    .map(({ pci_address }) => `${where(one)} sees the GPU at ${pci_address}, which is not claimed`)

/** Checked only when the SKU states links; GPUs with links must reach each other's memory. */
function linkFaults(one: ContainerObservation, { gpu: { links } }: Sku): string[] {
  if (links === undefined) return []
  const { gpus = [] } = one.sighting
  return gpus.flatMap(({ pci_address: gpu, nvlinks, peers }) => [
    ...(nvlinks === links
      ? []
      : [
          `${where(one)}: the GPU at ${gpu} has ${nvlinks ?? 'an unknown number of'} active NVLinks; the SKU states ${links}`,
        ]),
    ...(links === 0 ? [] : gpus)
      .filter((other) => other.pci_address !== gpu && !peers.includes(other.pci_address))
      .map((other) => `${where(one)}: the GPU at ${gpu} cannot reach the memory of ${other.pci_address}`),
  ])
}
