/**
 * Builds the manifests of a pod and of the Secret with its confidential environment. The pod requests no capability except
 * IPC_LOCK, which RDMA needs to register memory.
 */
import { createHash } from 'node:crypto'
import type { Backend } from '../../core/variables.ts'
import type { ContainerSpec, PodSpec, UnclaimedPodSpec } from '../../scheduling/pod.ts'
import type { RunMetadata } from './run-namespace.ts'

export const HOME = '/opt/claimcheck'
export const BINARY = `${HOME}/bin/claimcheck-transfer`
const NIXL = `${HOME}/nixl`
const GROUP_LABEL = 'claimcheck.dev/group'
/** The name of the claim in the pod's `resourceClaims`. */
export const CLAIM = 'devices'
const HOSTNAME = 'kubernetes.io/hostname'
/** The binary exits at once on SIGTERM; the grace period is for drivers that unprepare the devices. */
const GRACE_SECONDS = 30

export interface PodResources {
  readonly cpu: string
  readonly memory: string
}

export interface PodParts {
  readonly namespace: string
  readonly metadata: RunMetadata
  readonly image: string
  /** With `stream` the container waits until the binary has been copied into it. */
  readonly delivery: 'image' | 'stream'
  readonly resources: PodResources
  /** Variables of UCX; absent for none. */
  readonly ucx?: Readonly<Record<string, string>>
  /** NIXL's backend of pods that move bytes over NICs; absent for UCX. */
  readonly backend?: Backend
  /** Whether the node's /sys is mounted, read-only. Its port counters are those of every pod. */
  readonly mountsHostSys?: boolean
  /** Nodes under test; absent for all nodes. */
  readonly nodes?: readonly string[] | undefined
}

/** Where the node's /sys is mounted. */
const HOST_SYS = '/host/sys'

export const secretNameOf = (pod: string): string => `${pod}-secret`

/** Without a template the pod claims no devices. */
export function podManifest(spec: PodSpec | UnclaimedPodSpec, parts: PodParts) {
  const nodes = spec.nodes ?? parts.nodes
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: spec.name,
      namespace: parts.namespace,
      ...parts.metadata,
      labels: { ...parts.metadata.labels, [GROUP_LABEL]: labelValue(spec.group) },
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
      ...(hasClaim(spec)
        ? { resourceClaims: [{ name: CLAIM, resourceClaimTemplateName: spec.template }] }
        : {}),
      volumes: [
        { name: 'shm', emptyDir: { medium: 'Memory' } },
        ...(parts.delivery === 'stream' ? [{ name: 'claimcheck', emptyDir: {} }] : []),
        ...(parts.mountsHostSys === true
          ? [{ name: 'host-sys', hostPath: { path: '/sys', type: 'Directory' } }]
          : []),
      ],
      containers: spec.containers.map((container) => containerManifest(spec, container, parts)),
    },
  }
}

const hasClaim = (spec: PodSpec | UnclaimedPodSpec): spec is PodSpec => 'template' in spec

function containerManifest(
  spec: PodSpec | UnclaimedPodSpec,
  { name, args, secretEnv = {} }: ContainerSpec,
  parts: PodParts,
) {
  const { cpu, memory } = parts.resources
  const hostSysArgs = parts.mountsHostSys === true && movesBytes(args) ? ['--host-sysfs', HOST_SYS] : []
  // Transfers over GPU links have no NICs, and UCX alone moves them.
  const otherBackend = parts.backend !== undefined && parts.backend !== 'UCX' && args.includes('--nics')
  const backendArgs = otherBackend ? ['--backend', parts.backend] : []
  const words = [...args, ...backendArgs, ...hostSysArgs]
  return {
    name,
    image: parts.image,
    imagePullPolicy: 'IfNotPresent',
    ...(parts.delivery === 'stream'
      ? { command: ['/bin/sh', '-c', WAIT_AND_RUN, 'claimcheck', ...words] }
      : { command: [BINARY], args: words }),
    env: [
      { name: 'NIXL_CAPI_LIB', value: `${NIXL}/.nixl_cu12.mesonpy.libs/libnixl_capi.so` },
      ...Object.entries({ UCX_LOG_LEVEL: 'error', ...parts.ucx }).map(([key, value]) => ({
        name: key,
        value,
      })),
      ...Object.keys(secretEnv).map((key) => ({
        name: key,
        valueFrom: { secretKeyRef: { name: secretNameOf(spec.name), key: keyOf(name, key) } },
      })),
    ],
    resources: {
      // A CPU limit would throttle the transfer and be measured as a property of the hardware.
      requests: { cpu, memory },
      limits: { memory },
      ...(hasClaim(spec) ? { claims: [{ name: CLAIM }] } : {}),
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'], ...(hasClaim(spec) ? { add: ['IPC_LOCK'] } : {}) },
    },
    volumeMounts: [
      { name: 'shm', mountPath: '/dev/shm' },
      ...(parts.delivery === 'stream' ? [{ name: 'claimcheck', mountPath: HOME }] : []),
      ...(parts.mountsHostSys === true ? [{ name: 'host-sys', mountPath: HOST_SYS, readOnly: true }] : []),
    ],
  }
}

const movesBytes = (args: readonly string[]): boolean =>
  args.some((arg, index) => args[index - 1] === '--mode' && (arg === 'initiator' || arg === 'target'))

/** Returns undefined for a pod without confidential environment. */
export function secretManifest({ name, containers }: UnclaimedPodSpec, { namespace, metadata }: PodParts) {
  const entries = containers.flatMap((container) =>
    Object.entries(container.secretEnv ?? {}).map(([key, value]) => [keyOf(container.name, key), value]),
  )
  if (entries.length === 0) return undefined
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: { name: secretNameOf(name), namespace, ...metadata },
    stringData: Object.fromEntries(entries) as Record<string, string>,
  }
}

const keyOf = (container: string, variable: string): string => `${container}.${variable}`

/** Exists once the binary is complete. */
export const READY = `${HOME}/ready`
/** The archive has the libraries that the binary needs. */
export const RUN = `export LD_LIBRARY_PATH=${HOME}/lib; exec ${BINARY} "$@"`
// As process 1, a shell ignores SIGTERM unless it traps it.
const WAIT_AND_RUN = `trap 'exit 143' TERM; until [ -e ${READY} ]; do sleep 0.1 || sleep 1; done; ${RUN}`

/** Shortens a label value to the 63 characters that Kubernetes allows; a hash keeps it unique. */
function labelValue(text: string): string {
  if (text.length <= 63) return text
  return `${text.slice(0, 50)}-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`
}
