/** The pod that reads what a node's kernel says: unprivileged, without claims, on that node. */
import type { Settings } from '../../core/variables.ts'
import { IMAGE, STREAM_IMAGE } from '../../native/container-image.ts'
import type { UnclaimedPodSpec } from '../../scheduling/pod.ts'
import { podManifest } from './pod-manifest.ts'
import { namespaceManifest, namespaceOf, runLabels } from './run-namespace.ts'

/** The name of its container. */
export const PROBE = 'probe'

export function probePod(node: string, args: readonly string[]): UnclaimedPodSpec {
  const name = `probe-${node}`
  return { name, group: name, nodes: [node], containers: [{ name: PROBE, args }] }
}

/** All that a probe of a node creates: a Namespace and a pod, of a run that has no id yet. `now`: ms. */
export function probeManifests(
  { image, delivery, podResources: resources }: Settings,
  node: string,
  now: number,
): readonly object[] {
  const run = '<run>'
  const metadata = runLabels(run, now)
  const pod = podManifest(probePod(node, ['--mode', 'topo']), {
    namespace: namespaceOf(run),
    metadata,
    image: image ?? (delivery === 'stream' ? STREAM_IMAGE : IMAGE),
    delivery,
    resources,
  })
  return [namespaceManifest(run, metadata), pod]
}
