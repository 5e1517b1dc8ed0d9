/** Discovers NVIDIA GPUs of this machine with nvidia-smi. */
import type { DiscoveredGpus, GpuDiscovery, GpuUsage } from '../gpu-discovery.ts'
import { architectureOf, mostLinksOf } from './gpu-architecture.ts'
import { isWired, linkPairsOf, linksOfGpu } from './nvlinks.ts'
import { queryActiveLinks, queryGpus, queryTopology, queryUsers } from './nvidia-smi.ts'

export const nvidiaDiscovery: GpuDiscovery = { find, usage }

async function find(): Promise<DiscoveredGpus> {
  const { gpus, warnings } = await queryGpus()
  const topology = await queryTopology()
  const active = await queryActiveLinks()
  const wired = isWired(topology, { active, most: mostLinksOf(gpus[0]?.computeCapability) })
  return {
    gpus: gpus.map((gpu, place) => ({
      ...gpu,
      architecture: gpu.computeCapability === undefined ? undefined : architectureOf(gpu.computeCapability),
      numaNode: topology.numaNodes[place],
      numaAffinity: topology.numaAffinities[place] ?? [],
      memoryNumaNode: topology.memoryNumaNodes[place],
      links: active.get(gpu.index) ?? linksOfGpu(topology, place, wired),
    })),
    linkPairs: linkPairsOf(topology),
    wired,
    warnings,
  }
}

async function usage(): Promise<GpuUsage> {
  const [users, { gpus }] = await Promise.all([queryUsers(), queryGpus()])
  return { users, usedMiB: new Map(gpus.map(({ uuid, usedMiB }) => [uuid, usedMiB])) }
}
