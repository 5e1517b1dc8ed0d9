/**
 * Assigns the addresses, routes and names of a lab. They are computed before any container starts, so that every container
 * can be configured with the addresses of all others.
 */
import { railAddress } from '../../emulation/rail-addresses.ts'

export const API_PORT = 6443
export const CONTROL_PLANE = 'control-plane'
export const SERVICE_NETWORK = '10.96.0.0/16'
export const SERVICE_API = '10.96.0.1'
/** The label of every Docker object of a lab, with the name of the lab. */
export const LAB_LABEL = 'claimcheck.dev/lab'
/** The label with `host pid` of the process that owns the lab; absent on a persistent lab. */
export const OWNER_LABEL = 'claimcheck.dev/owner'

/** What runs a node. */
export type NodeMachine = 'container' | 'vm'

export interface Layout {
  readonly lab: string
  readonly machine: NodeMachine
  /** The prefix of its network, such as `10.213.7`. */
  readonly prefix: string
  readonly controlPlane: string
  readonly workers: readonly WorkerPlace[]
}

export interface WorkerPlace {
  readonly name: string
  /** The node's own address. */
  readonly address: string
  /** The address of the container, which differs if the node is a virtual machine in it. */
  readonly container: string
  /** The subnet of its pods. */
  readonly podNetwork: string
  /** Routes to the pods and NICs of the other workers. */
  readonly routes: readonly Route[]
}

export interface Route {
  readonly to: string
  readonly via: string
}

interface LayoutOptions {
  readonly nodes: readonly string[]
  /** NICs of each node. */
  readonly nics: number
  readonly machine: NodeMachine
}

export function planLayout(lab: string, prefix: string, { nodes, nics, machine }: LayoutOptions): Layout {
  const containerOf = (index: number): string => `${prefix}.${10 + index}`
  const addressOf = (index: number): string =>
    machine === 'vm' ? `${prefix}.${110 + index}` : containerOf(index)
  const podNetworkOf = (index: number): string => `10.244.${index + 1}.0/24`
  // The NICs of virtual machines have networks of their own.
  const routed = machine === 'vm' ? 0 : nics
  return {
    lab,
    machine,
    prefix,
    controlPlane: `${prefix}.2`,
    workers: nodes.map((name, own) => ({
      name,
      address: addressOf(own),
      container: containerOf(own),
      podNetwork: podNetworkOf(own),
      routes: nodes.flatMap((_, index) =>
        index === own
          ? []
          : [
              { to: podNetworkOf(index), via: addressOf(index) },
              ...Array.from({ length: routed }, (__, nic) => ({
                to: `${withoutPrefixLength(railAddress(index, nic).address)}/32`,
                via: addressOf(index),
              })),
            ],
      ),
    })),
  }
}

const withoutPrefixLength = (address: string): string => address.slice(0, address.indexOf('/'))

export const networkName = (lab: string): string => `claimcheck-lab-${lab}`
export const containerName = (lab: string, node: string): string => `claimcheck-lab-${lab}-${node}`
