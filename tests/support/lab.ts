/** The lab of a test: administrator access to its cluster, and commands in its containers. */
import { CoreV1Api, KubeConfig, KubernetesObjectApi } from '@kubernetes/client-node'
import { execa } from 'execa'
import { expect, test as base } from 'vitest'
import type { SharedLab } from './lab-setup.ts'
import { sharedLab } from './shared-lab.ts'

export interface LabUnderTest extends SharedLab {
  /** Environment variables of a run in this lab. */
  readonly variables: Readonly<Record<string, string>>
  readonly api: KubernetesObjectApi
  readonly core: CoreV1Api
  /** Runs a shell script in a container of the lab: `node-a`, `control-plane`. */
  readonly shell: (node: string, script: string) => Promise<string>
  readonly docker: (...args: readonly string[]) => Promise<string>
  /** Returns the name of a node's container. */
  readonly container: (node: string) => string
  /** Rejects if any ResourceClaim exists. */
  readonly requireReleased: () => Promise<void>
  /** Rejects if any object of a run exists. */
  readonly requireClean: () => Promise<void>
}

function open(lab: SharedLab): LabUnderTest {
  const config = new KubeConfig()
  config.loadFromFile(lab.kubeconfig)
  const api = KubernetesObjectApi.makeApiClient(config)
  const container = (node: string): string => `claimcheck-lab-${lab.name}-${node}`
  const docker = async (...args: readonly string[]): Promise<string> => (await execa('docker', args)).stdout
  const names = async (apiVersion: string, kind: string): Promise<string[]> =>
    (await api.list(apiVersion, kind)).items.map(
      ({ metadata }) => `${kind} ${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`,
    )
  const requireReleased = async (): Promise<void> =>
    expect(await names('resource.k8s.io/v1', 'ResourceClaim')).toEqual([])
  return {
    ...lab,
    requireReleased,
    variables: { CLAIMCHECK_TARGET: 'lab', CLAIMCHECK_LAB: lab.name },
    api,
    core: config.makeApiClient(CoreV1Api),
    container,
    docker,
    shell: (node, script) => docker('exec', container(node), '/bin/sh', '-c', script),
    requireClean: async () => {
      const namespaces = await names('v1', 'Namespace')
      expect(namespaces.filter((name) => name.includes('claimcheck-'))).toEqual([])
      await requireReleased()
      expect((await names('v1', 'Pod')).filter((name) => name.includes('claimcheck'))).toEqual([])
    },
  }
}

/** Runs a test in the lab of its Vitest worker. */
export const labTest = base.extend('lab', { scope: 'file' }, () => open(sharedLab()))
