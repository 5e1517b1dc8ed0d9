/** The nodes, devices and paths that a transfer exercised: those that moved bytes which the receiver verified. */
import { inPciOrder } from '../claim/rails.ts'
import { nicName, skuGpuOf } from '../claim/sku-device.ts'
import type { Sku } from '../sku/sku.ts'
import { streamsOneWay } from '../transfer/result.ts'
import type { Endpoint, TransferOutcome } from '../transfer/transfer-outcome.ts'
import { fellBack, nicsOfStream, proveTransport } from './transport-proof.ts'

export interface Covered {
  readonly nodes: readonly string[]
  /** `node-a/gpu-0` */
  readonly gpus: readonly string[]
  /** `node-a/mlx5_1` */
  readonly nics: readonly string[]
  /** `node-a/gpu-0 - mlx5_1`: of a node. */
  readonly paths: readonly string[]
  /** `node-a/gpu-0 - gpu-1`: of a node. */
  readonly gpuPairs: readonly string[]
}

export const NOTHING_COVERED: Covered = { nodes: [], gpus: [], nics: [], paths: [], gpuPairs: [] }

/** A claimed NIC that no counter shows is covered where UCX named it: `emulated` NICs always have counters. */
export function coveredBy(outcome: TransferOutcome, sku: Sku, emulated: boolean): Covered {
  const { result, initiator, target } = outcome
  if (result.verified_bytes === 0) return NOTHING_COVERED
  const corrupt = new Set(result.corrupt.map(({ stream }) => stream))
  const proof = proveTransport(outcome, sku, emulated)
  const counted = proof.loads.filter(({ claimed, bytes }) => claimed && bytes > 0).map(({ nic }) => nic)
  const named = fellBack(proof) === undefined ? (proof.uncounted ?? []) : []
  const carrying = new Set([...counted, ...named])
  const streams = result.streams.flatMap((stream, index) => {
    if (corrupt.has(index)) return []
    const ends = [
      { end: initiator, device: stream.device },
      { end: target, device: stream.target_device },
    ].map(({ end, device }) => ({
      node: end.node,
      gpu: gpuOf(end, device, sku),
      nics: nicsOfStream(end, index, streamsOneWay(result))
        .map((nic) => nicName(nic, sku))
        .filter((nic) => carrying.has(`${end.node}/${nic}`)),
    }))
    return [ends]
  })
  const ends = streams.flat()
  const within = streams.flatMap(([one, other]) =>
    one?.gpu !== undefined && other?.gpu !== undefined && one.node === other.node && one.gpu !== other.gpu
      ? [`${one.node}/${[one.gpu, other.gpu].sort().join(' - ')}`]
      : [],
  )
  return {
    nodes: sorted(ends.map(({ node }) => node)),
    gpus: sorted(ends.flatMap(({ node, gpu }) => (gpu === undefined ? [] : `${node}/${gpu}`))),
    nics: sorted(ends.flatMap(({ node, nics }) => nics.map((nic) => `${node}/${nic}`))),
    paths: sorted(
      ends.flatMap(({ node, gpu, nics }) =>
        gpu === undefined ? [] : nics.map((nic) => `${node}/${gpu} - ${nic}`),
      ),
    ),
    gpuPairs: sorted(within),
  }
}

export function allCovered(parts: readonly Covered[]): Covered {
  const all = (key: keyof Covered): readonly string[] => sorted(parts.flatMap((part) => part[key]))
  return {
    nodes: all('nodes'),
    gpus: all('gpus'),
    nics: all('nics'),
    paths: all('paths'),
    gpuPairs: all('gpuPairs'),
  }
}

/** Buffers are numbered as the claimed GPUs in PCI order; an emulated GPU's buffer is in host memory. */
function gpuOf({ allocated }: Endpoint, device: string, sku: Sku): string | undefined {
  const index = Number(/:(\d+)$/.exec(device)?.[1] ?? 'NaN')
  const gpu = inPciOrder(allocated.gpus, (one) => one)[index]
  return gpu === undefined ? undefined : (skuGpuOf(gpu, sku)?.name ?? gpu.name)
}

const sorted = (names: readonly string[]): readonly string[] => [...new Set(names)].sort()
