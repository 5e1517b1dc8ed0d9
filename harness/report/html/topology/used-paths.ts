/** Which way the bytes of a comparison went: from GPU to NIC within a node, from NIC to NIC, or from GPU to GPU. */
import type { RecordedComparison, RecordedDevice } from '../recorded-evidence.ts'

export interface UsedPath {
  readonly arm: string
  /** `node-a/gpu-0` and `node-a/mlx5_0`; both ends of a path within a node are of that node. */
  readonly ends: readonly [string, string]
  /** GB/s, one a round. */
  readonly bandwidths: number[]
  /** Payload over all rounds. */
  bytes: number
}

export function usedPaths({ arms, rounds }: RecordedComparison): readonly UsedPath[] {
  const paths = new Map<string, UsedPath>()
  const add = (arm: string, one: string, other: string, bandwidth: number, bytes: number): void => {
    const ends = one < other ? ([one, other] as const) : ([other, one] as const)
    const key = JSON.stringify([arm, ...ends])
    const path = paths.get(key) ?? { arm, ends: [...ends], bandwidths: [], bytes: 0 }
    paths.set(key, path)
    path.bandwidths.push(bandwidth)
    path.bytes += bytes
  }
  for (const arm of arms) {
    for (const { streams, outcome, transport } of rounds.flatMap((round) => round.arms.get(arm) ?? [])) {
      const { initiator, target } = outcome
      const each = transport.movedBytes / Math.max(1, streams.length)
      streams.forEach(({ path, bandwidth }, stream) => {
        const [from = path, to = path] = path.split(' - ')
        if (initiator.node === target.node)
          return add(arm, `${initiator.node}/${from}`, `${initiator.node}/${to}`, bandwidth, each)
        const [sending, receiving] = [from.split('+'), to.split('+')]
        for (const [end, nics] of [
          [initiator, sending],
          [target, receiving],
        ] as const) {
          const gpu = byAddress(end.allocated.gpus)[stream]
          for (const nic of nics)
            if (gpu) add(arm, `${end.node}/${gpu.name}`, nic, bandwidth, each / nics.length)
        }
        sending.forEach((nic, rail) =>
          add(arm, nic, receiving[rail] ?? receiving[0] ?? to, bandwidth, each / sending.length),
        )
      })
    }
  }
  return [...paths.values()]
}

/** The order in which the streams of a transfer use them. */
const byAddress = (devices: readonly RecordedDevice[]): readonly RecordedDevice[] =>
  devices.toSorted((a, b) => ((a.pciAddress ?? a.name) < (b.pciAddress ?? b.name) ? -1 : 1))
