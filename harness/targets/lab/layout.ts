/**
 * Where everything of a lab is. Takes its network and the names of its nodes; gives addresses, routes and names. Pure
 * arithmetic, so that every container can be told of all others before any of them runs.
 */
import { railAddress } from '../../emulation/rail-addresses.ts'

export const API_PORT = 6443
export const CONTROL_PLANE = 'control-plane'
export const SERVICE_NETWORK = '10.96.0.0/16'
export const SERVICE_API = '10.96.0.1'
/** On every object that Docker keeps for a lab; the value is the lab's name. */
export const LAB_LABEL = 'claimcheck.dev/lab'
/** `host pid` of the process whose end is the lab's too; absent where a person ends it. */
export const OWNER_LABEL = 'claimcheck.dev/owner'

export interface Layout {
  readonly lab: string
  /** `10.213.7`, the first three numbers of its network. */
  readonly prefix: string
  readonly controlPlane: string
  readonly workers: readonly WorkerPlace[]
}

export interface WorkerPlace {
  readonly name: string
  readonly address: string
  /** Of its pods. */
  readonly podNetwork: string
  /** To the pods and NICs of the other workers. */
  readonly routes: readonly Route[]
}

export interface Route {
  readonly to: string
  readonly via: string
}

export function planLayout(lab: string, prefix: string, nodes: readonly string[], nics: number): Layout {
  const addressOf = (index: number): string => `${prefix}.${10 + index}`
  const podNetworkOf = (index: number): string => `10.244.${index + 1}.0/24`
  return {
    lab,
    prefix,
    controlPlane: `${prefix}.2`,
    workers: nodes.map((name, own) => ({
      name,
      address: addressOf(own),
      podNetwork: podNetworkOf(own),
      routes: nodes.flatMap((_, index) =>
        index === own
          ? []
          : [
              { to: podNetworkOf(index), via: addressOf(index) },
              ...Array.from({ length: nics }, (_, nic) => ({
                to: `${bare(railAddress(index, nic).address)}/32`,
                via: addressOf(index),
              })),
            ],
      ),
    })),
  }
}

const bare = (address: string): string => address.slice(0, address.indexOf('/'))

export const networkName = (lab: string): string => `claimcheck-lab-${lab}`
export const containerName = (lab: string, node: string): string => `claimcheck-lab-${lab}-${node}`
