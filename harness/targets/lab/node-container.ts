/**
 * The container of a lab's node or control plane. It has the privileges that a kubelet and a container runtime need, except
 * SYS_RESOURCE, so that it also runs where Docker may not start privileged containers.
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
    // Not in the types of dockerode, hence not in the literal below.
    const cgroups = { CgroupnsMode: 'private' }
    this.hostConfig = {
      ...this.hostConfig,
      ...cgroups,
      DeviceCgroupRules: ['a *:* rwm'],
      MaskedPaths: [],
      ReadonlyPaths: [],
      // A random port on loopback, for machines that cannot reach containers by address.
      ...(role === CONTROL_PLANE
        ? { PortBindings: { [apiPort]: [{ HostIp: '127.0.0.1', HostPort: '' }] } }
        : {}),
    }
    this.createOpts = {
      ...this.createOpts,
      ...(role === CONTROL_PLANE ? { ExposedPorts: { [apiPort]: {} } } : {}),
      // overlayfs cannot be mounted on overlayfs, so these are volumes.
      Volumes: { '/var/lib/containerd': {}, '/var/lib/kubelet': {}, '/var/lib/etcd': {} },
      NetworkingConfig: { EndpointsConfig: { [networkName(lab)]: { IPAMConfig: { IPv4Address: address } } } },
    }
  }
}

const apiPort = `${API_PORT}/tcp`
