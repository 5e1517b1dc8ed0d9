/** What the status of a container that has not started means: an error, or that the kubelet is still trying. */
import { expect, test } from 'vitest'
import { parsePod } from '../../../harness/targets/cluster/object-schemas.ts'
import { startStateOf } from '../../../harness/targets/cluster/pod-status.ts'

const startOf = (reason: string, message: string): unknown =>
  startStateOf(
    parsePod({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a', namespace: 'n', uid: 'u', resourceVersion: '1' },
      spec: {},
      status: {
        phase: 'Pending',
        containerStatuses: [{ name: 'transfer', ready: false, state: { waiting: { reason, message } } }],
      },
    }),
    ['transfer'],
    'a',
  )

test.for([
  ['CreateContainerConfigError', 'failed to sync secret cache: timed out waiting for the condition'],
  ['CreateContainerError', 'context deadline exceeded'],
  ['RunContainerError', 'rpc error: code = DeadlineExceeded desc = failed to start'],
  ['ContainerCreating', ''],
] as const)('%s, %s: the container is starting', ([reason, message]) => {
  expect(startOf(reason, message)).toBeUndefined()
})

test.for([
  ['CreateContainerConfigError', 'secret "a-secret" not found'],
  ['CreateContainerError', 'failed to generate spec: no such device'],
  ['ErrImagePull', 'failed to pull: context deadline exceeded'],
] as const)('%s, %s: the container cannot start', ([reason, message]) => {
  expect(() => startOf(reason, message)).toThrow(
    expect.objectContaining({ code: 'POD_FAILED', found: message }),
  )
})
