/** The files and services of a lab's worker container. */
import { driverOf, kubeconfig, kubeletOf, serverOf, type Credentials } from './credentials.ts'
import { IMAGES_ARCHIVE, PAUSE_IMAGE } from './image/workload-images.ts'
import { json, type InitConfig, type InitService } from './init-config.ts'
import type { Layout, NodeMachine, WorkerPlace } from './layout.ts'
import type { NodePlan } from './node-plan.ts'

const CONFIG = '/etc/kubernetes'
const CONTAINERD = '/etc/containerd/config.toml'
const RUNTIME_SOCKET = '/run/containerd/containerd.sock'
const HOOKS_SOCKET = '/run/nri/nri.sock'
const PLAN = '/etc/claimcheck/plan.json'

export function workerConfig(
  layout: Layout,
  { name, address, podNetwork, routes }: WorkerPlace,
  plan: NodePlan,
  credentials: Credentials,
): InitConfig {
  const server = serverOf(layout.controlPlane)
  // The disk of a virtual machine has the images already.
  const images: readonly InitService[] = layout.machine === 'vm' ? [] : [importImages]
  return {
    lab: layout.lab,
    node: name,
    role: 'worker',
    files: [
      { path: `${CONFIG}/pki/ca.crt`, content: credentials.authority },
      {
        path: `${CONFIG}/kubelet.conf`,
        content: kubeconfig(credentials, kubeletOf(name), server),
        secret: true,
      },
      {
        path: `${CONFIG}/driver.conf`,
        content: kubeconfig(credentials, driverOf(name), server),
        secret: true,
      },
      { path: `${CONFIG}/kubelet.json`, content: json(kubelet(address, layout.machine)) },
      { path: CONTAINERD, content: containerd(layout.machine) },
      { path: '/etc/cni/net.d/10-pods.conflist', content: json(podsNetwork(podNetwork)) },
      { path: PLAN, content: json(plan) },
    ],
    routes,
    services: [
      { name: 'containerd', argv: ['containerd', `--config=${CONTAINERD}`] },
      ...images,
      {
        name: 'kubelet',
        argv: [
          'kubelet',
          `--config=${CONFIG}/kubelet.json`,
          `--kubeconfig=${CONFIG}/kubelet.conf`,
          `--hostname-override=${name}`,
          `--node-ip=${address}`,
        ],
        waitFor: `unix:${RUNTIME_SOCKET}`,
      },
      {
        name: 'claimcheck-driver',
        argv: ['claimcheck-driver', `--plan=${PLAN}`, `--kubeconfig=${CONFIG}/driver.conf`],
        // A node must have the images before it publishes devices, or pods could not start on it.
        after: images.map((service) => service.name),
        waitFor: `unix:${HOOKS_SOCKET}`,
      },
    ],
  }
}

const importImages: InitService = {
  name: 'images',
  argv: ['ctr', '--namespace=k8s.io', 'images', 'import', IMAGES_ARCHIVE],
  once: true,
  waitFor: `unix:${RUNTIME_SOCKET}`,
}

const kubelet = (address: string, machine: NodeMachine) => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  address,
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: true },
    x509: { clientCAFile: `${CONFIG}/pki/ca.crt` },
  },
  authorization: { mode: 'Webhook' },
  containerRuntimeEndpoint: `unix://${RUNTIME_SOCKET}`,
  cgroupDriver: 'cgroupfs',
  failCgroupV1: false,
  failSwapOn: false,
  featureGates: { KubeletInUserNamespace: true },
  localStorageCapacityIsolation: false,
  evictionHard: {},
  imageGCHighThresholdPercent: 100,
  nodeStatusUpdateFrequency: machine === 'vm' ? '10s' : '4s',
  serializeImagePulls: false,
  // A failed prepare is retried after this time; by default it takes more than a minute.
  syncFrequency: machine === 'vm' ? '5s' : '2s',
})

/** The driver's NRI plugin is required, so that no container starts without its devices while the driver is down. */
const containerd = (machine: NodeMachine): string => `version = 3

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '${PAUSE_IMAGE}'

[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  enable_cdi = true

[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ['/usr/lib/cni']
  conf_dir = '/etc/cni/net.d'

[plugins.'io.containerd.nri.v1.nri']
  disable = false
  socket_path = '${HOOKS_SOCKET}'
  plugin_registration_timeout = '${machine === 'vm' ? 60 : 5}s'
  plugin_request_timeout = '${machine === 'vm' ? 60 : 10}s'

[plugins.'io.containerd.nri.v1.nri'.default_validator]
  enable = true
  required_plugins = ['claimcheck']
`

const podsNetwork = (subnet: string) => ({
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      ipMasq: false,
      ipam: { type: 'host-local', ranges: [[{ subnet }]], routes: [{ dst: '0.0.0.0/0' }] },
    },
  ],
})
