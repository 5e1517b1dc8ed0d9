/**
 * A lab: real Kubernetes in containers of this machine, with the emulated drivers of a rack. Takes a rack; gives a
 * kubeconfig and what ends it. Labs of different names stand side by side.
 */
import { readFile } from 'node:fs/promises'
import { ClaimcheckError } from '../../core/errors.ts'
import { requireFaultSupport } from '../../rack/fault-support.ts'
import { describeFault } from '../../rack/fault.ts'
import { trueMtu } from '../../rack/link-model.ts'
import type { Rack } from '../../rack/rack.ts'
import type { Emulation } from '../target.ts'
import { accessOf } from './api-request.ts'
import { awaitReady } from './await-ready.ts'
import { controlPlaneConfig } from './control-plane.ts'
import { ADMIN, createCredentials, kubeconfig, serverOf } from './credentials.ts'
import { docker, execIn, type Docker } from './docker.ts'
import { provideNodeImage } from './image/node-image.ts'
import { containerName, planLayout } from './layout.ts'
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
import { workerConfig } from './worker.ts'

export const DEFAULT_LAB = 'default'

export interface Lab {
  readonly name: string
  /** Path of a kubeconfig that only this user can read. */
  readonly kubeconfig: string
  readonly context: string
  readonly emulation: Emulation
  /** Whether it was started to stay. */
  readonly stays: boolean
  /** Workers; none where the lab is a control plane only. */
  readonly nodes: readonly string[]
  /** Runs a command on one of its machines, `control-plane` or a node: to look, and to break things. */
  exec(node: string, argv: readonly string[]): Promise<{ readonly exitCode: number; readonly output: string }>
  /** Ends it and leaves nothing. Idempotent. */
  stop(): Promise<void>
}

export interface LabOptions {
  readonly cacheDir: string
  /** Lower-case letters, digits and "-". */
  readonly name?: string
  /** How many of the rack's nodes run; 0: the control plane alone. Absent: all. */
  readonly workers?: number
  /** Whether it stays when this process ends. */
  readonly stays?: boolean
  readonly say?: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

const NAME = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/

/** Rejects with FAULT_INVALID, LAB_UNAVAILABLE, LAB_BUILD_FAILED, LAB_FAILED or INTERRUPTED; then nothing is left of it. */
export async function startLab(rack: Rack, options: LabOptions): Promise<Lab> {
  const { cacheDir, name = DEFAULT_LAB, stays = false, say = () => undefined } = options
  requireFaultSupport(rack, 'lab')
  checkName(name)
  const engine = await docker()
  const image = await provideNodeImage(cacheDir, say)
  await removeAbandoned(engine, cacheDir, name, say)
  const nodes = rack.nodes.slice(0, options.workers ?? rack.nodes.length)
  const owner = stays ? undefined : currentOwner()
  say(`Starting lab ${name}: a control plane and ${nodes.length} workers`)
  try {
    const prefix = await createNetwork(engine, name, { mtu: widest(rack), owner })
    const layout = planLayout(name, prefix, nodes, rack.sku.nics.length)
    const credentials = await createCredentials(layout)
    const place = (address: string) => ({ image, address, owner })
    const starting = [
      start(new NodeContainer(place(layout.controlPlane), controlPlaneConfig(layout, credentials))),
      ...layout.workers.map((worker) =>
        start(
          new NodeContainer(
            place(worker.address),
            workerConfig(layout, worker, planNode(rack, worker.name), credentials),
          ),
        ),
      ),
    ]
    for (const ended of await Promise.allSettled(starting))
      if (ended.status === 'rejected') throw ended.reason
    const config = kubeconfig(credentials, ADMIN, serverOf(layout.controlPlane), `claimcheck-lab-${name}`)
    await awaitReady(engine, layout, accessOf(config), rack, options.signal)
    const context = `claimcheck-lab-${name}`
    const state = { name, rack: rack.name, digest: rackDigest(rack), nodes: [...nodes], context }
    await writeState(cacheDir, state, config)
    return handle(rack, cacheDir, state, stays)
  } catch (error) {
    await stopLab(cacheDir, name)
    throw error
  }
}

/** The running lab of that name with this very rack and these nodes; undefined where there is none. */
export async function findLab(
  rack: Rack,
  { cacheDir, name = DEFAULT_LAB, workers = rack.nodes.length }: LabOptions,
): Promise<Lab | undefined> {
  const state = await readState(cacheDir, name)
  if (state === undefined || state.digest !== rackDigest(rack) || state.nodes.length !== workers)
    return undefined
  const remains = (await listLabResources(await docker())).find(({ lab }) => lab === name)
  const running = remains?.containers.filter((container) => container.running).length
  if (running !== workers + 1) return undefined
  const access = accessOf(await readFile(kubeconfigPath(cacheDir, name), 'utf8'))
  const lacks = await missingParts(access, rack, state.nodes).catch(() => ['an answer'])
  return lacks.length === 0 ? handle(rack, cacheDir, state, remains?.owner === 'nobody') : undefined
}

/** The lab of that name with this rack, or, where no name is given, any that stays. */
export async function findRunningLab(
  rack: Rack,
  { cacheDir, name }: { readonly cacheDir: string; readonly name: string | undefined },
): Promise<Lab | undefined> {
  if (name !== undefined) return findLab(rack, { cacheDir, name })
  for (const known of await knownLabs(cacheDir)) {
    const found = await findLab(rack, { cacheDir, name: known })
    if (found?.stays === true) return found
  }
  return undefined
}

/** Whether there was one. */
export async function stopLab(cacheDir: string, name: string = DEFAULT_LAB): Promise<boolean> {
  const engine = await docker()
  const remains = (await listLabResources(engine)).find(({ lab }) => lab === name)
  if (remains !== undefined) await removeLabResources(engine, remains)
  await removeState(cacheDir, name)
  return remains !== undefined
}

/** All labs that Docker knows, whoever started them. */
export const labs = async (): Promise<readonly LabResources[]> => listLabResources(await docker())

function handle(rack: Rack, cacheDir: string, { name, nodes, context }: LabState, stays: boolean): Lab {
  const { scale, transfer } = rack
  return {
    name,
    kubeconfig: kubeconfigPath(cacheDir, name),
    context,
    stays,
    nodes,
    emulation: {
      rack: rack.name,
      faults: rack.faults.map(describeFault),
      scale,
      runtime: 'process',
      transfer,
    },
    exec: (node, argv) => execIn(containerName(name, node), argv),
    stop: async () => void (await stopLab(cacheDir, name)),
  }
}

async function start(container: NodeContainer): Promise<void> {
  await container.start()
}

/** Labs whose runs were killed, and one of the same name that is nobody's or dead. */
async function removeAbandoned(
  engine: Docker,
  cacheDir: string,
  name: string,
  say: (line: string) => void,
): Promise<void> {
  for (const remains of await listLabResources(engine)) {
    if (remains.owner === 'gone') {
      say(`Removing lab ${remains.lab}, which a killed run left`)
      await removeLabResources(engine, remains)
      await removeState(cacheDir, remains.lab)
    } else if (remains.lab === name) {
      throw new ClaimcheckError('LAB_UNAVAILABLE', {
        subject: `lab ${name}`,
        problem: 'is there already',
        found: `${remains.containers.length} containers, ${remains.containers.filter(({ running }) => running).length} of them running`,
        hint: `End it with "npx claimcheck lab down --name ${name}", or choose another name.`,
      })
    }
  }
}

/** The largest frame of any NIC, which must pass between the containers whole. */
const widest = (rack: Rack): number =>
  Math.max(...rack.nodes.flatMap((node) => rack.sku.nics.map((nic) => trueMtu(rack, node, nic))), 1500)

function checkName(name: string): void {
  if (NAME.test(name)) return
  throw new ClaimcheckError('LAB_UNAVAILABLE', {
    subject: `lab "${name}"`,
    problem: 'cannot be called that',
    expected: 'at most 32 lower-case letters, digits and "-"',
    hint: 'Choose another name.',
  })
}
