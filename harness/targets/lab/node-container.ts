/**
 * A container that is a machine of the lab. Takes its place and the configuration of its init; gives testcontainers'
 * container. Its rights are those a kubelet and a container runtime need, without the one that some machines refuse, so
 * that one way serves where Docker may give all privileges and where it may not.
 */
import { GenericContainer, PullPolicy } from 'testcontainers'
import { INIT_CONFIG, type InitConfig } from './init-config.ts'
import { API_PORT, CONTROL_PLANE, containerName, LAB_LABEL, networkName, OWNER_LABEL } from './layout.ts'

export interface NodePlace {
  readonly image: string
  readonly address: string
  readonly owner: string | undefined
}

export class NodeContainer extends GenericContainer {
  constructor({ image, address, owner }: NodePlace, config: InitConfig) {
    super(image)
    const { lab, node, role } = config
    this.withName(containerName(lab, node))
      .withHostname(node)
      .withLabels({ [LAB_LABEL]: lab, ...(owner === undefined ? {} : { [OWNER_LABEL]: owner }) })
      .withEntrypoint(['/usr/local/bin/claimcheck-init'])
      .withCommand([INIT_CONFIG])
      .withAddedCapabilities('ALL')
      .withDroppedCapabilities('SYS_RESOURCE')
      .withSecurityOpt('seccomp=unconfined', 'apparmor=unconfined')
      .withTmpFs({ '/run': 'rw,exec', '/tmp': 'rw,exec' })
      .withNetworkMode(networkName(lab))
      .withCopyContentToContainer([{ content: JSON.stringify(config), target: INIT_CONFIG, mode: 0o600 }])
      .withAutoCleanup(false)
      .withPullPolicy(PullPolicy.neverPull())
    const rights = { CgroupnsMode: 'private' }
    this.hostConfig = {
      ...this.hostConfig,
      ...rights,
      DeviceCgroupRules: ['a *:* rwm'],
      MaskedPaths: [],
      ReadonlyPaths: [],
      // Another number each time: the port stays on loopback, for where containers cannot be reached by address.
      ...(role === CONTROL_PLANE
        ? { PortBindings: { [apiPort]: [{ HostIp: '127.0.0.1', HostPort: '' }] } }
        : {}),
    }
    this.createOpts = {
      ...this.createOpts,
      ...(role === CONTROL_PLANE ? { ExposedPorts: { [apiPort]: {} } } : {}),
      // An overlay cannot lie on an overlay.
      Volumes: { '/var/lib/containerd': {}, '/var/lib/kubelet': {}, '/var/lib/etcd': {} },
      NetworkingConfig: { EndpointsConfig: { [networkName(lab)]: { IPAMConfig: { IPv4Address: address } } } },
    }
  }
}

export const apiPort = `${API_PORT}/tcp`
