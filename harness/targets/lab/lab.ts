/**
 * Starts, finds and stops labs. A lab is a Kubernetes cluster in containers of this machine, with emulated DRA drivers for the
 * devices of a rack. Labs with different names can run side by side.
 */
import { readFile } from 'node:fs/promises'
import { ClaimcheckError } from '../../core/errors.ts'
import { describeEmulation } from '../../emulation/describe-emulation.ts'
import { requireFaultSupport } from '../../rack/fault-support.ts'
import { trueMtu } from '../../rack/link-model.ts'
import type { Rack } from '../../rack/rack.ts'
import type { Emulation } from '../target.ts'
import { accessOf } from './api-request.ts'
import { awaitReady } from './await-ready.ts'
import { controlPlaneConfig } from './control-plane.ts'
import { ADMIN, createCredentials, kubeconfig, serverOf } from './credentials.ts'
import { docker, execIn, type Docker } from './docker.ts'
import { provideNodeImage, provideVmImage } from './image/node-image.ts'
import { containerName, planLayout, type NodeMachine } from './layout.ts'
import { createNetwork } from './docker-network.ts'
import { NodeContainer } from './node-container.ts'
import { planNode } from './node-plan.ts'
import { missingParts } from './readiness.ts'
import { listLabResources, currentOwner, removeLabResources, type LabResources } from './lab-resources.ts'
import {
  kubeconfigPath,
  knownLabs,
  rackDigest,
  readState,
  removeState,
  writeState,
  type LabState,
} from './lab-state.ts'
import { requireVms, vmContainerConfig, vmNetworkMtu } from './vm/vm-container.ts'
import { workerConfig } from './worker.ts'

const DEFAULT_LAB = 'default'

export interface Lab {
  readonly name: string
  /** Path of the kubeconfig, which only this user can read. */
  readonly kubeconfig: string
  readonly context: string
  readonly emulation: Emulation
  readonly machine: NodeMachine
  /** Whether the lab keeps running when the process that started it ends. */
  readonly persistent: boolean
  /** The names of the workers; empty for a lab with a control plane only. */
  readonly nodes: readonly string[]
  /** Runs a command in the container of `control-plane` or of a node. */
  exec(node: string, argv: readonly string[]): Promise<{ readonly exitCode: number; readonly output: string }>
  /** Removes the lab with its containers, volumes, network and state. Idempotent. */
  stop(): Promise<void>
}

export interface LabOptions {
  readonly cacheDir: string
  /** Lower-case letters, digits and "-". */
  readonly name?: string
  /** How many of the rack's nodes to start; absent for all. With 0 the lab has a control plane only. */
  readonly workers?: number
  /** What runs each node; default: `container`. */
  readonly machine?: NodeMachine
  /** Whether the lab keeps running when this process ends. */
  readonly persistent?: boolean
  readonly say?: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

const NAME = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/

/** Rejects with FAULT_INVALID, LAB_UNAVAILABLE, LAB_BUILD_FAILED, LAB_FAILED or INTERRUPTED. Nothing is left if it rejects. */
export async function startLab(rack: Rack, options: LabOptions): Promise<Lab> {
  const { cacheDir, name = DEFAULT_LAB, machine = 'container', persistent = false } = options
  const say = options.say ?? (() => undefined)
  requireFaultSupport(rack, machine === 'vm' ? 'vm' : 'lab')
  if (machine === 'vm') requireVms(rack)
  checkName(name)
  const engine = await docker()
  const image = await (machine === 'vm' ? provideVmImage(cacheDir, say) : provideNodeImage(cacheDir, say))
  await removeAbandoned(engine, cacheDir, name, say)
  const nodes = rack.nodes.slice(0, options.workers ?? rack.nodes.length)
  const owner = persistent ? undefined : currentOwner()
  const kind = machine === 'vm' ? 'workers in virtual machines' : 'workers'
  say(`Starting lab ${name}: a control plane and ${nodes.length} ${kind}`)
  try {
    const mtu = machine === 'vm' ? vmNetworkMtu(rack) : largestMtu(rack)
    const prefix = await createNetwork(engine, name, { mtu, owner })
    const layout = planLayout(name, prefix, { nodes, nics: rack.sku.nics.length, machine })
    const credentials = await createCredentials(layout)
    const placeAt = (address: string) => ({ image, address, owner })
    const starting = [
      start(new NodeContainer(placeAt(layout.controlPlane), controlPlaneConfig(layout, credentials))),
      ...layout.workers.map((worker) => {
        const node = workerConfig(layout, worker, planNode(rack, worker.name, machine), credentials)
        const config = machine === 'vm' ? vmContainerConfig(rack, layout, worker, node) : node
        return start(new NodeContainer(placeAt(worker.container), config))
      }),
    ]
    for (const started of await Promise.allSettled(starting))
      if (started.status === 'rejected') throw started.reason
    const config = kubeconfig(credentials, ADMIN, serverOf(layout.controlPlane), `claimcheck-lab-${name}`)
    await awaitReady(engine, layout, accessOf(config), rack, options.signal)
    const context = `claimcheck-lab-${name}`
    const state = { name, rack: rack.name, digest: rackDigest(rack), nodes: [...nodes], machine, context }
    await writeState(cacheDir, state, config)
    return handle(rack, cacheDir, state, persistent)
  } catch (error) {
    await stopLab(cacheDir, name)
    throw error
  }
}

/** Resolves with the running lab of that name, if it has this rack, this number of workers and, if stated, these machines. */
export async function findLab(
  rack: Rack,
  { cacheDir, name = DEFAULT_LAB, workers = rack.nodes.length, machine }: LabOptions,
): Promise<Lab | undefined> {
  const state = await readState(cacheDir, name)
  if (state === undefined || state.digest !== rackDigest(rack) || state.nodes.length !== workers)
    return undefined
  if (machine !== undefined && state.machine !== machine) return undefined
  const resources = (await listLabResources(await docker())).find(({ lab }) => lab === name)
  const running = resources?.containers.filter((container) => container.running).length
  if (running !== workers + 1) return undefined
  const access = accessOf(await readFile(kubeconfigPath(cacheDir, name), 'utf8'))
  const missing = await missingParts(access, rack, state.nodes).catch(() => ['a response'])
  return missing.length === 0 ? handle(rack, cacheDir, state, resources?.owner === 'none') : undefined
}

/** Resolves with the lab of that name with this rack or, without a name, with any persistent lab with this rack. */
export async function findRunningLab(
  rack: Rack,
  { cacheDir, name }: { readonly cacheDir: string; readonly name: string | undefined },
): Promise<Lab | undefined> {
  if (name !== undefined) return findLab(rack, { cacheDir, name })
  for (const known of await knownLabs(cacheDir)) {
    const found = await findLab(rack, { cacheDir, name: known })
    if (found?.persistent === true) return found
  }
  return undefined
}

/** Removes a lab. Resolves with whether it existed. */
export async function stopLab(cacheDir: string, name: string = DEFAULT_LAB): Promise<boolean> {
  const engine = await docker()
  const resources = (await listLabResources(engine)).find(({ lab }) => lab === name)
  if (resources !== undefined) await removeLabResources(engine, resources)
  await removeState(cacheDir, name)
  return resources !== undefined
}

/** Lists all labs of this Docker engine. */
export const labs = async (): Promise<readonly LabResources[]> => listLabResources(await docker())

function handle(rack: Rack, cacheDir: string, state: LabState, persistent: boolean): Lab {
  const { name, nodes, machine, context } = state
  return {
    name,
    machine,
    kubeconfig: kubeconfigPath(cacheDir, name),
    context,
    persistent,
    nodes,
    emulation: describeEmulation(rack, machine === 'vm' ? 'vm' : 'process'),
    exec: (node, argv) => execIn(containerName(name, node), argv),
    stop: async () => void (await stopLab(cacheDir, name)),
  }
}

async function start(container: NodeContainer): Promise<void> {
  await container.start()
}

/** Removes labs whose process was killed. Rejects with LAB_UNAVAILABLE if a lab of this name exists. */
async function removeAbandoned(
  engine: Docker,
  cacheDir: string,
  name: string,
  say: (line: string) => void,
): Promise<void> {
  for (const resources of await listLabResources(engine)) {
    if (resources.owner === 'gone') {
      say(`Removing lab ${resources.lab}, whose process was killed`)
      await removeLabResources(engine, resources)
      await removeState(cacheDir, resources.lab)
    } else if (resources.lab === name) {
      throw new ClaimcheckError('LAB_UNAVAILABLE', {
        subject: `lab ${name}`,
        problem: 'already exists',
        found: `${resources.containers.length} containers, ${resources.containers.filter(({ running }) => running).length} of them running`,
        hint: `Remove it with "npx claimcheck lab down --name ${name}", or choose another name.`,
      })
    }
  }
}

/** The largest MTU of any NIC, at least that of Ethernet. The Docker network must carry its frames unfragmented. */
const largestMtu = (rack: Rack): number =>
  Math.max(...rack.nodes.flatMap((node) => rack.sku.nics.map((nic) => trueMtu(rack, node, nic))), 1500)

function checkName(name: string): void {
  if (NAME.test(name)) return
  throw new ClaimcheckError('LAB_UNAVAILABLE', {
    subject: `lab "${name}"`,
    problem: 'has an invalid name',
    expected: 'at most 32 lower-case letters, digits and "-"',
    hint: 'Choose another name.',
  })
}
