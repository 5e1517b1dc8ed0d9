/** deploy/rbac.yaml grants the permissions of a run, and every one of them is required. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { ClaimcheckError } from '../../../harness/core/errors.ts'
import { seconds } from '../../../harness/core/units.ts'
import { Api } from '../../../harness/targets/cluster/api-client.ts'
import { configFor } from '../../../harness/targets/cluster/kubeconfig.ts'
import {
  describePermission,
  missingPermissions,
  PERMISSIONS,
  type Permission,
} from '../../../harness/targets/cluster/permissions.ts'
import { endRun } from '../../../harness/targets/cluster/cluster-run.ts'
import { PROJECT } from '../../support/run-suite.ts'
import { claimOf, TARGET_CONTAINER, linesOf, podOf, SOON } from '../../support/emulated-target.ts'
import { fakeNodeCluster, createTarget } from './fake-node-cluster.ts'

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

const documents = parseAllDocuments(readFileSync(join(PROJECT, 'deploy/rbac.yaml'), 'utf8')).map(
  (document) => document.toJS() as { kind: string; rules?: Rule[] },
)
const role = documents.find(({ kind }) => kind === 'ClusterRole')
const rules = role?.rules ?? []
const granted: readonly Permission[] = rules.flatMap(({ apiGroups, resources, verbs }) =>
  apiGroups.flatMap((group) =>
    resources.flatMap((resource) => verbs.map((verb) => ({ group, resource, verb }))),
  ),
)

const cluster = fakeNodeCluster()
const SHORT = { within: seconds(3) }

/** Grants `runner` these permissions only. */
async function grant(rights: readonly Permission[]): Promise<void> {
  const only = rights.map(({ group, resource, verb }) => ({
    apiGroups: [group],
    resources: [resource],
    verbs: [verb],
  }))
  await cluster.plane.apply({ ...role, rules: only })
}

beforeAll(async () => {
  await cluster.plane.apply(...documents)
  await cluster.plane.apply({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'runner' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'claimcheck' },
    subjects: [{ kind: 'User', name: 'runner', apiGroup: 'rbac.authorization.k8s.io' }],
  })
})

/** Does everything that a run does, including what it does on failures. The fake kubelet serves no logs and no exec. */
async function wholeRun(): Promise<void> {
  const connection = { kubeconfig: [cluster.plane.kubeconfig], context: 'runner' }
  const target = createTarget(cluster, { connection, namespaceLives: 'run' })
  try {
    await target.nodes()
    const template = await claimOf(target, 4, 4)
    const on = { nodes: ['node-a'] }
    const pod = await target.schedule(podOf(template, { containers: [TARGET_CONTAINER], ...on }), SOON)
    const running = await target.run(pod, SOON)
    await failing(target.schedule(podOf(template, { name: 'late', ...on }), SHORT), 'CLAIM_UNSATISFIABLE')
    await linesOf(target.log(running, 'main', AbortSignal.timeout(2000)))
    await failing(target.exec(running, 'main', ['--version'], SHORT), 'EXEC_FAILED')
    await target.release([pod], SOON)
  } finally {
    await target.close()
  }
  await endRun({
    kind: 'cluster',
    connection,
    delivery: { kind: 'image', image: 'none' },
    resources: { cpu: '1', memory: '1Gi' },
    runId: target.namespace.replace('claimcheck-', ''),
    namespaceLives: 'run',
  })
}

/** Expects a failure with this code; rethrows RBAC_DENIED. */
async function failing(work: Promise<unknown>, code: string): Promise<void> {
  const error = await work.then(
    () => undefined,
    (one: unknown) => one,
  )
  if (error instanceof ClaimcheckError && error.code === 'RBAC_DENIED') throw error
  expect(error).toMatchObject({ code })
}

test('the file grants the permissions that the code uses', () => {
  expect(granted.map(describePermission).sort()).toEqual(PERMISSIONS.map(describePermission).sort())
})

test('a run succeeds with all of them', async () => {
  await grant(granted)
  await expect(wholeRun()).resolves.toBeUndefined()
})

test('all are reported as missing for a user without permissions', async () => {
  const api = new Api(configFor({ kubeconfig: [cluster.plane.kubeconfig], context: 'nobody' }))
  expect((await missingPermissions(api)).map(describePermission)).toEqual(PERMISSIONS.map(describePermission))
})

describe('a run without one permission names it:', () => {
  test.for(granted.map((right) => [describePermission(right), right] as const))(
    '%s',
    async ([name, right]) => {
      await grant(granted.filter((one) => one !== right))
      const error = await wholeRun().then(
        () => undefined,
        (one: unknown) => one,
      )
      await cluster.plane.kubectl(['delete', 'namespaces', '-l', 'claimcheck.dev/run', '--wait=false'])
      expect(String(error)).toContain(`requires permission to ${name}`)
      expect(error).toMatchObject({ code: 'RBAC_DENIED' })
    },
  )
})
