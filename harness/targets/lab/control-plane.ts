/** The files and services of a lab's control plane container. */
import {
  CONTROLLER_MANAGER,
  kubeconfig,
  SCHEDULER,
  serverOf,
  tokenFile,
  type Credentials,
} from './credentials.ts'
import type { InitConfig } from './init-config.ts'
import { API_PORT, CONTROL_PLANE, SERVICE_NETWORK, type Layout } from './layout.ts'

const PKI = '/etc/kubernetes/pki'
const CONFIG = '/etc/kubernetes'
const ETCD = '127.0.0.1:2379'

export function controlPlaneConfig(layout: Layout, credentials: Credentials): InitConfig {
  const secret = (path: string, content: string) => ({ path, content, secret: true })
  const local = serverOf('127.0.0.1')
  const waitFor = `tcp:127.0.0.1:${API_PORT}`
  return {
    lab: layout.lab,
    node: CONTROL_PLANE,
    role: 'control-plane',
    files: [
      { path: `${PKI}/ca.crt`, content: credentials.authority },
      { path: `${PKI}/apiserver.crt`, content: credentials.api.certificate },
      secret(`${PKI}/apiserver.key`, credentials.api.key),
      { path: `${PKI}/kubelet-client.crt`, content: credentials.toKubelet.certificate },
      secret(`${PKI}/kubelet-client.key`, credentials.toKubelet.key),
      { path: `${PKI}/sa.pub`, content: credentials.serviceAccounts.publicKey },
      secret(`${PKI}/sa.key`, credentials.serviceAccounts.privateKey),
      secret(`${CONFIG}/tokens.csv`, tokenFile(credentials)),
      secret(`${CONFIG}/scheduler.conf`, kubeconfig(credentials, SCHEDULER, local)),
      secret(`${CONFIG}/controller-manager.conf`, kubeconfig(credentials, CONTROLLER_MANAGER, local)),
    ],
    // Back to the pods, which reach the API server by its address.
    routes: layout.workers.map(({ podNetwork, address }) => ({ to: podNetwork, via: address })),
    services: [
      { name: 'etcd', argv: etcd },
      { name: 'kube-apiserver', argv: apiServer(layout), waitFor: `tcp:${ETCD}` },
      { name: 'kube-scheduler', argv: scheduler, waitFor },
      { name: 'kube-controller-manager', argv: controllerManager(layout), waitFor },
    ],
  }
}

// etcd does not sync to disk, since its data is not needed after the container has ended.
const etcd = [
  '/usr/bin/etcd',
  '--data-dir=/var/lib/etcd/lab',
  '--unsafe-no-fsync',
  `--listen-client-urls=http://${ETCD}`,
  `--advertise-client-urls=http://${ETCD}`,
  '--listen-peer-urls=http://127.0.0.1:2380',
  '--logger=zap',
  '--log-level=warn',
]

const apiServer = ({ controlPlane }: Layout): string[] => [
  'kube-apiserver',
  `--advertise-address=${controlPlane}`,
  `--secure-port=${API_PORT}`,
  `--etcd-servers=http://${ETCD}`,
  `--service-cluster-ip-range=${SERVICE_NETWORK}`,
  '--authorization-mode=Node,RBAC',
  '--enable-admission-plugins=NodeRestriction',
  '--allow-privileged=true',
  `--token-auth-file=${CONFIG}/tokens.csv`,
  `--client-ca-file=${PKI}/ca.crt`,
  `--tls-cert-file=${PKI}/apiserver.crt`,
  `--tls-private-key-file=${PKI}/apiserver.key`,
  `--kubelet-client-certificate=${PKI}/kubelet-client.crt`,
  `--kubelet-client-key=${PKI}/kubelet-client.key`,
  '--kubelet-preferred-address-types=InternalIP',
  `--service-account-key-file=${PKI}/sa.pub`,
  `--service-account-signing-key-file=${PKI}/sa.key`,
  '--service-account-issuer=https://kubernetes.default.svc',
]

const scheduler = ['kube-scheduler', `--kubeconfig=${CONFIG}/scheduler.conf`, '--leader-elect=false']

const controllerManager = ({ machine }: Layout): string[] => [
  'kube-controller-manager',
  `--kubeconfig=${CONFIG}/controller-manager.conf`,
  '--leader-elect=false',
  '--use-service-account-credentials=true',
  `--root-ca-file=${PKI}/ca.crt`,
  `--service-account-private-key-file=${PKI}/sa.key`,
  // A node that stops reporting becomes NotReady after 20 s instead of 50 s, except where it is an emulated processor.
  ...(machine === 'vm' ? [] : ['--node-monitor-period=2s', '--node-monitor-grace-period=20s']),
]
