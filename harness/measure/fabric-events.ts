/** What the ports of a transfer's RDMA NICs counted while its bytes moved: retransmissions, errors and congestion. */
import type { RdmaPort } from '../transfer/result.ts'
import type { TransferOutcome } from '../transfer/transfer-outcome.ts'

type EventCounter = RdmaPort['counters'][number]

/** A port of a claimed RDMA device at one end. */
interface FabricPort {
  /** `node-a/mlx5_1`. */
  readonly nic: string
  readonly port: RdmaPort
}

/** Empty where the transfer used no RDMA device, or the binary that moved it did not read ports. */
export const portsOf = ({ result, initiator, target }: TransferOutcome): readonly FabricPort[] =>
  [
    { node: initiator.node, ports: result.ports ?? [] },
    { node: target.node, ports: result.target_ports ?? [] },
  ].flatMap(({ node, ports }) => ports.map((port) => ({ nic: `${node}/${port.device}`, port })))

/** The counters of a kind that grew, with what they grew by, by the driver's name. */
export const grownCounters = (
  { port }: FabricPort,
  kind: EventCounter['kind'],
): readonly { readonly name: string; readonly events: number }[] =>
  port.counters
    .filter((counter) => counter.kind === kind && counter.after > counter.before)
    .map(({ name, before, after }) => ({ name, events: after - before }))

/** Whether the port has any counter of this kind that could be read. */
export const hasCounters = ({ port }: FabricPort, kind: EventCounter['kind']): boolean =>
  port.counters.some((counter) => counter.kind === kind)
