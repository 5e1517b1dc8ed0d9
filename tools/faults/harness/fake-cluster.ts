/**
 * A control plane for runs of target `cluster`, as processes on loopback, behind a proxy that injects faults. Its nodes
 * have no kubelets: pods become Running, and their logs are a recorded one.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSettings } from '../../../harness/core/variables.ts'
import { loadRack } from '../../../harness/rack/rack.ts'
import { provideControlPlane } from '../../../harness/targets/lab/image/node-image.ts'
import { AdminApi } from '../../../tests/support/admin-api.ts'
import { ControlPlane } from '../../../tests/support/control-plane.ts'
import { FakeKubelet } from '../../../tests/support/fake-kubelet.ts'
import { FaultInjectingProxy, type Fault } from '../../../tests/support/fault-injecting-proxy.ts'
import { createRackObjects } from '../../../tests/support/rack-objects.ts'

/** What a container without devices prints. */
const LOG = 'DEVICES {"infiniband":[],"interfaces":[]}\n'
const NAMESPACE = /^claimcheck-/

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

export class FakeCluster {
  readonly proxy: FaultInjectingProxy
  readonly kubeconfig: string
  readonly #plane: ControlPlane
  readonly #kubelet: FakeKubelet
  readonly #api: AdminApi
  #earlier: readonly string[] = []

  private constructor(plane: ControlPlane, proxy: FaultInjectingProxy) {
    this.#plane = plane
    this.proxy = proxy
    this.#kubelet = new FakeKubelet(plane)
    this.#api = new AdminApi(plane)
    this.kubeconfig = join(plane.folder, 'proxy.kubeconfig')
    writeFileSync(this.kubeconfig, proxy.kubeconfig)
  }

  static async start(say: (line: string) => void): Promise<FakeCluster> {
    const { cacheDir, rack } = readSettings({})
    const plane = await ControlPlane.start({ programs: await provideControlPlane(cacheDir, say) })
    try {
      await createRackObjects(plane, loadRack(rack))
      return new FakeCluster(plane, await FaultInjectingProxy.start(plane))
    } catch (error) {
      await plane.stop()
      throw error
    }
  }

  /** Forgets earlier requests and faults, and what earlier runs left. `holdLogs`: containers run on and print nothing. */
  async reset({ holdLogs }: { readonly holdLogs: boolean }): Promise<void> {
    this.recover(holdLogs)
    this.proxy.seen.length = 0
    this.#earlier = await this.#objects()
  }

  /** Answers every request again. */
  recover(holdLogs = false): void {
    this.proxy.cut()
    this.fail(() => false, holdLogs)
  }

  /** Answers requests with `fault` from now on. */
  fail(fault: Fault, holdLogs = false): void {
    this.proxy.inject = (request, response) => {
      if (fault(request, response)) return true
      if (!/\/pods\/[^/]+\/log/.test(request.url ?? '')) return false
      response.writeHead(200, { 'Content-Type': 'text/plain' })
      if (holdLogs) response.flushHeaders()
      else response.end(LOG)
      return true
    }
  }

  /** Namespaces of runs, and claims anywhere, that the run since the last reset left. */
  async leftovers(): Promise<readonly string[]> {
    return (await this.#objects()).filter((one) => !this.#earlier.includes(one))
  }

  async #objects(): Promise<readonly string[]> {
    const namespaces = await this.#api.list<Named>('/api/v1/namespaces')
    const claims = await this.#api.list<Named>('/apis/resource.k8s.io/v1/resourceclaims')
    return [
      ...namespaces
        .filter(({ metadata }) => NAMESPACE.test(metadata.name))
        .map(({ metadata }) => `Namespace ${metadata.name}`),
      ...claims.map(({ metadata }) => `ResourceClaim ${metadata.namespace}/${metadata.name}`),
    ]
  }

  async stop(): Promise<void> {
    await this.proxy.stop()
    await this.#kubelet.stop()
    await this.#plane.stop()
  }
}
