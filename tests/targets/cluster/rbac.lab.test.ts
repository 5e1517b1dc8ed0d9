/** Each file of rights in deploy/ grants the permissions of a run, and every one of them is required unless it is optional. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { ClaimcheckError } from '../../../harness/core/errors.ts'
import { seconds } from '../../../harness/core/units.ts'
import { Api } from '../../../harness/targets/cluster/api-client.ts'
import { beginRun, endRun } from '../../../harness/targets/cluster/cluster-run.ts'
import { configFor } from '../../../harness/targets/cluster/kubeconfig.ts'
import {
  describePermission,
  missingPermissions,
  permissionsIn,
  type Permission,
} from '../../../harness/targets/cluster/permissions.ts'
import { claimOf, linesOf, podOf, SOON, TARGET_CONTAINER } from '../../support/emulated-target.ts'
import { PROJECT } from '../../support/run-suite.ts'
import { createTarget, fakeNodeCluster, type FakeNodeCluster } from './fake-node-cluster.ts'

interface Role {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly rules?: readonly {
    readonly apiGroups: readonly string[]
    readonly resources: readonly string[]
    readonly verbs: readonly string[]
  }[]
}

const FILES = [
  { file: 'deploy/base/rbac.yaml', namespace: undefined },
  { file: 'deploy/overlays/namespace/rbac.yaml', namespace: 'claimcheck' },
] as const

const SHORT = { within: seconds(3) }

describe.for(FILES)('$file', ({ file, namespace }) => {
  const documents = parseAllDocuments(readFileSync(join(PROJECT, file), 'utf8')).map(
    (document) => document.toJS() as Role,
  )
  const roles = documents.filter(({ rules }) => rules !== undefined)
  const granted = roles.flatMap(permissionsOfRole)
  const cluster = fakeNodeCluster()

  /** Grants `runner` these permissions only. */
  async function grant(rights: readonly Permission[]): Promise<void> {
    const rulesOf = (role: Role) =>
      rights
        .filter((right) => right.namespace === role.metadata.namespace)
        .map(({ group, resource, verb }) => ({ apiGroups: [group], resources: [resource], verbs: [verb] }))
    await cluster.plane.apply(...roles.map((role) => ({ ...role, rules: rulesOf(role) })))
  }

  beforeAll(async () => {
    await cluster.plane.apply(...documents)
    await cluster.plane.apply(
      ...roles.map(({ kind, metadata }) => ({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: `${kind}Binding`,
        metadata: { ...metadata, name: `${metadata.name}-runner` },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: metadata.name },
        subjects: [{ kind: 'User', name: 'runner', apiGroup: 'rbac.authorization.k8s.io' }],
      })),
    )
  })

  test('grants the permissions that the code uses', () => {
    expect(granted.map(describePermission).sort()).toEqual(
      permissionsIn(namespace).map(describePermission).sort(),
    )
  })

  test('a run succeeds with all of them, and leaves nothing', async () => {
    await grant(granted)
    await wholeRun(cluster, namespace)
    if (namespace === undefined) return
    const kinds = 'pods,secrets,leases,resourceclaims,resourceclaimtemplates'
    await expect
      .poll(() => cluster.plane.kubectl(['get', kinds, '--namespace', namespace, '--output', 'name']), {
        timeout: 20_000,
      })
      .toBe('')
  })

  test('all are reported as missing for a user without permissions', async () => {
    const api = new Api(configFor({ kubeconfig: [cluster.plane.kubeconfig], context: 'nobody' }))
    expect(await missingPermissions(api, permissionsIn(namespace))).toEqual(permissionsIn(namespace))
  })

  const required = permissionsIn(namespace).filter(({ optional }) => optional === undefined)
  describe('a run without one permission names it:', () => {
    test.for(required.map((right) => [describePermission(right), right] as const))(
      '%s',
      async ([name, right]) => {
        await grant(required.filter((one) => one !== right))
        const error = await wholeRun(cluster, namespace).then(
          () => undefined,
          (one: unknown) => one,
        )
        await removeLeftovers(cluster, namespace)
        const [withoutPlace] = name.split(' in Namespace ')
        expect(String(error)).toContain(`requires permission to ${withoutPlace}`)
        expect(error).toMatchObject({ code: 'RBAC_DENIED' })
      },
    )
  })

  if (namespace === undefined) return
  test('a run succeeds without the optional ones', async () => {
    await grant(required)
    await expect(wholeRun(cluster, namespace)).resolves.toBeUndefined()
  })
})

const permissionsOfRole = ({ metadata: { namespace }, rules = [] }: Role): Permission[] =>
  rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.map((verb) => ({ group, resource, verb, ...(namespace === undefined ? {} : { namespace }) })),
      ),
    ),
  )

/** Does everything that a run does, including what it does on failures. The fake kubelet serves no logs and no exec. */
async function wholeRun(cluster: FakeNodeCluster, existing: string | undefined): Promise<void> {
  const connection = { kubeconfig: [cluster.plane.kubeconfig], context: 'runner' }
  const parts = {
    kind: 'cluster',
    connection,
    delivery: { kind: 'image', image: 'none' },
    resources: { cpu: '1', memory: '1Gi' },
  } as const
  const run = await beginRun(parts, () => undefined, existing)
  const target = createTarget(cluster, run)
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
  await endRun(run)
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

async function removeLeftovers({ plane }: FakeNodeCluster, namespace: string | undefined): Promise<void> {
  if (namespace === undefined) {
    await plane.kubectl(['delete', 'namespaces', '-l', 'claimcheck.dev/run', '--wait=false'])
    return
  }
  const ours = ['--namespace', namespace, '-l', 'claimcheck.dev/run']
  await plane.kubectl(['delete', 'leases,pods,secrets,resourceclaimtemplates', ...ours, '--force'])
  await plane.kubectl(['wait', '--for=delete', 'resourceclaims', ...ours, '--timeout=30s'])
}
