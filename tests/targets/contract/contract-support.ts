/** Targets, templates and assertions for the contract tests, which run on the rack of the example. */
import { expect, onTestFinished } from 'vitest'
import type { DeviceAllocation, DeviceRequest, ResourceClaimTemplate } from '../../../harness/dra/objects.ts'
import { seconds } from '../../../harness/core/units.ts'
import type { PodSpec, ScheduledPod } from '../../../harness/scheduling/pod.ts'
import type { Target } from '../../../harness/targets/target.ts'

/** Opens a new target on fixtures/racks/h100-2node.yaml with all devices free. The caller closes it. */
export type Open = () => Promise<Target>

/** For waits that are expected to time out. */
export const BRIEF = { within: seconds(5) }

/** Opens a target that is closed when the test ends. */
export async function openForTest(open: Open): Promise<Target> {
  const target = await open()
  onTestFinished(() => target.close())
  return target
}

export const templateOf = (name: string, ...requests: DeviceRequest[]): ResourceClaimTemplate => ({
  apiVersion: 'resource.k8s.io/v1',
  kind: 'ResourceClaimTemplate',
  metadata: { name },
  spec: { spec: { devices: { requests } } },
})

export const gpus = (count: number, ...expressions: string[]): DeviceRequest => ({
  name: 'gpu',
  exactly: {
    deviceClassName: 'gpu.nvidia.com',
    count,
    selectors: expressions.map((expression) => ({ cel: { expression } })),
  },
})

export const devicesOf = ({ claim }: ScheduledPod): readonly DeviceAllocation[] =>
  claim.status?.allocation?.devices.results ?? []

export const deviceNames = (pod: ScheduledPod): string[] => devicesOf(pod).map(({ device }) => device)

/** Matches a ClaimcheckError by its code, and by parts of its subject and message. */
export const failure = (code: string, subject: string, message = ''): unknown =>
  expect.objectContaining({
    name: 'ClaimcheckError',
    code,
    subject: expect.stringContaining(subject),
    message: expect.stringContaining(message),
  })

export const onNode = (node: string): Partial<PodSpec> => ({ nodes: [node] })
