/**
 * A pod of the harness as Kubernetes takes it. Takes a PodSpec and what the run lends it; gives the manifests of the pod
 * and of the Secret with what must not be seen in it. Pure; asks for no right but to lock memory.
 */
import { createHash } from 'node:crypto'
import type { ContainerSpec, PodSpec } from '../../scheduling/pod.ts'
import type { RunLabels } from './run-namespace.ts'

export const HOME = '/opt/claimcheck'
export const BINARY = `${HOME}/bin/claimcheck-transfer`
export const NIXL = `${HOME}/nixl`
export const GROUP_LABEL = 'claimcheck.dev/group'
/** Of the pod's claim among its own. */
export const CLAIM = 'devices'
const HOSTNAME = 'kubernetes.io/hostname'
/** The binary ends at once on SIGTERM; this is for the drivers that take the devices back. */
const GRACE_SECONDS = 30

export interface PodResources {
  readonly cpu: string
  readonly memory: string
}

export interface PodParts {
  readonly namespace: string
  readonly marks: RunLabels
  readonly image: string
  /** `stream`: the container waits for the binary, which is sent into it. */
  readonly delivery: 'image' | 'stream'
  readonly resources: PodResources
  /** Nodes under test, where the cluster has others too. */
  readonly nodes?: readonly string[] | undefined
}

export const secretNameOf = (pod: string): string => `${pod}-secret`

export function podManifest(spec: PodSpec, parts: PodParts) {
  const nodes = spec.nodes ?? parts.nodes
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: spec.name,
      namespace: parts.namespace,
      labels: { ...parts.marks.labels, [GROUP_LABEL]: labelValue(spec.group) },
      annotations: parts.marks.annotations,
    },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: GRACE_SECONDS,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            {
              topologyKey: HOSTNAME,
              labelSelector: { matchLabels: { [GROUP_LABEL]: labelValue(spec.group) } },
            },
          ],
        },
        ...(nodes === undefined
          ? {}
          : {
              nodeAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: {
                  nodeSelectorTerms: nodes.map((node) => ({
                    matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }],
                  })),
                },
              },
            }),
      },
      tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
      resourceClaims: [{ name: CLAIM, resourceClaimTemplateName: spec.template }],
      volumes: [
        { name: 'shm', emptyDir: { medium: 'Memory' } },
        ...(parts.delivery === 'stream' ? [{ name: 'claimcheck', emptyDir: {} }] : []),
      ],
      containers: spec.containers.map((container) => containerManifest(spec.name, container, parts)),
    },
  }
}

function containerManifest(pod: string, { name, args, secretEnv = {} }: ContainerSpec, parts: PodParts) {
  const { cpu, memory } = parts.resources
  return {
    name,
    image: parts.image,
    imagePullPolicy: 'IfNotPresent',
    ...(parts.delivery === 'stream'
      ? { command: ['/bin/sh', '-c', WAIT_AND_RUN, 'claimcheck', ...args] }
      : { command: [BINARY], args }),
    env: [
      { name: 'NIXL_CAPI_LIB', value: `${NIXL}/.nixl_cu12.mesonpy.libs/libnixl_capi.so` },
      { name: 'UCX_LOG_LEVEL', value: 'error' },
      ...Object.keys(secretEnv).map((key) => ({
        name: key,
        valueFrom: { secretKeyRef: { name: secretNameOf(pod), key: keyOf(name, key) } },
      })),
    ],
    resources: {
      // No limit of CPU: its throttling would be measured as the hardware's.
      requests: { cpu, memory },
      limits: { memory },
      claims: [{ name: CLAIM }],
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'], add: ['IPC_LOCK'] },
    },
    volumeMounts: [
      { name: 'shm', mountPath: '/dev/shm' },
      ...(parts.delivery === 'stream' ? [{ name: 'claimcheck', mountPath: HOME }] : []),
    ],
  }
}

/** Undefined where the pod has no secrets. */
export function secretManifest({ name, containers }: PodSpec, { namespace, marks }: PodParts) {
  const entries = containers.flatMap((container) =>
    Object.entries(container.secretEnv ?? {}).map(([key, value]) => [keyOf(container.name, key), value]),
  )
  if (entries.length === 0) return undefined
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: { name: secretNameOf(name), namespace, ...marks },
    stringData: Object.fromEntries(entries) as Record<string, string>,
  }
}

const keyOf = (container: string, variable: string): string => `${container}.${variable}`

/** A shell as the first process hears SIGTERM only where it asks to. */
export const READY = `${HOME}/ready`
/** What was sent into a pod brings its own libraries. */
export const RUN = `export LD_LIBRARY_PATH=${HOME}/lib; exec ${BINARY} "$@"`
const WAIT_AND_RUN = `trap 'exit 143' TERM; until [ -e ${READY} ]; do sleep 0.1 || sleep 1; done; ${RUN}`

/** A label has 63 characters at most. */
function labelValue(text: string): string {
  if (text.length <= 63) return text
  return `${text.slice(0, 50)}-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`
}
