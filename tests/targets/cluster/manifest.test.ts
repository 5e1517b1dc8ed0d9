/** Pod manifests request what a transfer requires and nothing else. */
import { describe, expect, test } from 'vitest'
import { podManifest, secretManifest, type PodParts } from '../../../harness/targets/cluster/pod-manifest.ts'
import { runMetadata } from '../../../harness/targets/cluster/run-namespace.ts'
import { SliceCache } from '../../../harness/targets/cluster/slice-cache.ts'
import { publishRack } from '../../../harness/emulation/publish-rack.ts'
import { Journal } from '../../../harness/core/journal.ts'
import { loadRack } from '../../../harness/rack/rack.ts'
import { rackFile } from '../../support/rack-file.ts'
import { TARGET_CONTAINER, podOf } from '../../support/emulated-target.ts'

const PARTS: PodParts = {
  namespace: 'claimcheck-1',
  metadata: runMetadata('1', 0),
  image: 'somewhere/transfer:1',
  delivery: 'image',
  resources: { cpu: '4', memory: '8Gi' },
}

describe('a pod', () => {
  const { spec, metadata } = podManifest(
    podOf('t', { containers: [TARGET_CONTAINER], nodes: ['node-a'] }),
    PARTS,
  )

  test('has IPC_LOCK as its only capability', () => {
    expect(spec.containers[0]?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'], add: ['IPC_LOCK'] },
    })
    expect(spec).toMatchObject({
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
      volumes: [{ name: 'shm', emptyDir: { medium: 'Memory' } }],
    })
    expect(JSON.stringify(spec)).not.toMatch(/hostNetwork|hostPID|hostPath|privileged|runAsUser/)
  })

  test('has anti-affinity to its group and affinity to its nodes', () => {
    const group = { 'claimcheck.dev/group': 'pod' }
    expect(metadata.labels).toMatchObject(group)
    expect(spec.affinity).toEqual({
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: group } },
        ],
      },
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['node-a'] }] },
          ],
        },
      },
    })
  })

  test('refers to its Secret without the value', () => {
    expect(JSON.stringify(spec)).not.toContain('0'.repeat(64))
    const secret = secretManifest(podOf('t', { containers: [TARGET_CONTAINER] }), PARTS)
    expect(secret?.stringData).toEqual({ 'main.TRANSFER_SECRET': '0'.repeat(64) })
    expect(spec.containers[0]?.env).toContainEqual({
      name: 'TRANSFER_SECRET',
      valueFrom: { secretKeyRef: { name: secret?.metadata.name, key: 'main.TRANSFER_SECRET' } },
    })
  })

  test('has the variables of UCX', () => {
    const pod = podManifest(podOf('t', { containers: [TARGET_CONTAINER] }), {
      ...PARTS,
      ucx: { UCX_IB_GID_INDEX: '3' },
    })
    expect(pod.spec.containers[0]?.env).toContainEqual({ name: 'UCX_IB_GID_INDEX', value: '3' })
  })

  test.for([
    ['names the backend of a transfer over NICs', ['--nics', 'claimed'], ['--backend', 'LIBFABRIC']],
    ['leaves a transfer over GPU links to UCX', ['--transport', 'cuda_ipc'], []],
  ] as const)('%s', ([, own, added]) => {
    const container = { ...TARGET_CONTAINER, args: [...TARGET_CONTAINER.args, ...own] }
    const pod = podManifest(podOf('t', { containers: [container] }), { ...PARTS, backend: 'LIBFABRIC' })
    expect(pod.spec.containers[0]).toMatchObject({ args: [...container.args, ...added] })
  })

  test("mounts the node's /sys read-only where that is asked for, and its binary reads it", () => {
    const pod = podManifest(podOf('t', { containers: [TARGET_CONTAINER] }), { ...PARTS, mountsHostSys: true })
    expect(pod.spec.volumes).toContainEqual({
      name: 'host-sys',
      hostPath: { path: '/sys', type: 'Directory' },
    })
    const [container] = pod.spec.containers
    expect(container?.volumeMounts).toContainEqual({
      name: 'host-sys',
      mountPath: '/host/sys',
      readOnly: true,
    })
    expect(container).toMatchObject({ args: expect.arrayContaining(['--host-sysfs', '/host/sys']) })
  })

  test('of a group with a long name has a valid label', () => {
    const long = podManifest(podOf('t', { group: 'x'.repeat(200) }), PARTS).metadata.labels
    expect(long).toHaveProperty(['claimcheck.dev/group'], expect.stringMatching(/^x{50}-[0-9a-f]{12}$/))
  })

  test('with delivery by stream waits for the binary and handles SIGTERM meanwhile', () => {
    const sent = podManifest(podOf('t', { containers: [TARGET_CONTAINER] }), {
      ...PARTS,
      delivery: 'stream',
    }).spec
    expect(sent.containers[0]).toMatchObject({
      command: [
        '/bin/sh',
        '-c',
        expect.stringMatching(/^trap 'exit 143' TERM; until/),
        'claimcheck',
        ...TARGET_CONTAINER.args,
      ],
    })
  })
})

test('attributes that a driver withdraws are remembered; published values take precedence', () => {
  const journal = new Journal()
  const cache = new SliceCache(journal)
  const { slices } = publishRack(loadRack(rackFile()))
  expect(cache.complete(slices)).toEqual(slices)
  const withdrawn = structuredClone(slices) as unknown as {
    spec: { driver: string; devices: { name: string; attributes: Record<string, unknown> }[] }
  }[]
  const nic = withdrawn[0]?.spec.devices.find(({ name }) => name === 'pci-0101-00-00-0')
  if (nic === undefined) throw new Error('the rack publishes NICs')
  delete nic.attributes['dra.net/numaNode']
  delete nic.attributes['numaNode']
  nic.attributes['dra.net/mtu'] = { int: 1500 }
  const [completed] = cache.complete(withdrawn as unknown as typeof slices)
  const seen = completed?.spec.devices?.find(({ name }) => name === nic.name)
  expect(JSON.stringify(seen?.attributes)).toContain('numaNode')
  expect(seen?.attributes?.['dra.net/mtu']).toEqual({ int: 1500 })
  const first = cache.asFirstSeen(completed === undefined ? [] : [completed])[0]
  expect(first?.spec.devices).toEqual(slices[0]?.spec.devices)
  expect(journal.entries.map(({ event }) => event)).toEqual(['attributes-withdrawn'])
})
