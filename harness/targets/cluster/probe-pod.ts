/** The pod that reads what a node's kernel says: unprivileged, without claims, on that node. */
import type { Settings } from '../../core/variables.ts'
import { IMAGE, STREAM_IMAGE } from '../../native/container-image.ts'
import type { UnclaimedPodSpec } from '../../scheduling/pod.ts'
import { podManifest } from './pod-manifest.ts'
import { planRunNamespace } from './plan-run-namespace.ts'

/** The name of its container. */
export const PROBE = 'probe'

export function probePod(node: string, args: readonly string[]): UnclaimedPodSpec {
  const name = `probe-${node}`
  return { name, group: name, nodes: [node], containers: [{ name: PROBE, args }] }
}

/** All that a probe of a node creates: a Namespace or Lease, and a pod. `now`: ms. */
export function probeManifests(settings: Settings, node: string, now: number): readonly object[] {
  const { image, delivery, podResources: resources } = settings
  const { first, ...place } = planRunNamespace(settings.namespace, now)
  const pod = podManifest(probePod(node, ['--mode', 'topo']), {
    ...place,
    image: image ?? (delivery === 'stream' ? STREAM_IMAGE : IMAGE),
    delivery,
    resources,
  })
  return [first, pod]
}
