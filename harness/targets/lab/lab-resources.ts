/**
 * Lists and removes the Docker objects of labs, found by label: containers with their volumes, and networks. Removal is
 * idempotent, and two processes may do it at once.
 */
import { hostname } from 'node:os'
import { isGone, type Docker } from './docker.ts'
import { LAB_LABEL, OWNER_LABEL } from './layout.ts'

export interface LabResources {
  readonly lab: string
  readonly containers: readonly { readonly id: string; readonly name: string; readonly running: boolean }[]
  readonly networks: readonly string[]
  /** Whether the process that started the lab is alive; `none` for a lab that outlives the process that started it. */
  readonly owner: 'alive' | 'gone' | 'none'
}

const SECONDS_TO_STOP = 4

export const currentOwner = (): string => `${hostname()} ${process.pid}`

export async function listLabResources(engine: Docker): Promise<readonly LabResources[]> {
  const filters = { label: [LAB_LABEL] }
  const [containers, networks] = await Promise.all([
    engine.listContainers({ all: true, filters }),
    engine.listNetworks({ filters }),
  ])
  const labelled = [...containers, ...networks].map(({ Labels }) => Labels ?? {})
  const names = [...new Set(labelled.flatMap((labels) => labels[LAB_LABEL] ?? []))].sort()
  return names.map((lab) => ({
    lab,
    containers: containers
      .filter(({ Labels }) => Labels[LAB_LABEL] === lab)
      .map(({ Id, Names, State }) => ({
        id: Id,
        name: (Names[0] ?? Id).replace('/', ''),
        running: State === 'running',
      })),
    networks: networks.filter(({ Labels }) => Labels?.[LAB_LABEL] === lab).map(({ Id }) => Id),
    owner: ownerOf(labelled.find((labels) => labels[LAB_LABEL] === lab)?.[OWNER_LABEL]),
  }))
}

/** A process of another machine counts as alive, since it cannot be checked. */
function ownerOf(label: string | undefined): LabResources['owner'] {
  if (label === undefined) return 'none'
  const [host, pid] = label.split(' ')
  return host === hostname() && !isAlive(Number(pid)) ? 'gone' : 'alive'
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as { code?: unknown }).code !== 'ESRCH'
  }
}

export async function removeLabResources(
  engine: Docker,
  { containers, networks }: LabResources,
): Promise<void> {
  await Promise.all(
    containers.map(async ({ id }) => {
      const container = engine.getContainer(id)
      await ignoringGone(container.stop({ t: SECONDS_TO_STOP }))
      await ignoringGone(container.remove({ force: true, v: true }))
    }),
  )
  for (const id of networks) await ignoringGone(engine.getNetwork(id).remove())
}

async function ignoringGone(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    // 304: the container has stopped already.
    if (!isGone(error) && (error as { statusCode?: unknown }).statusCode !== 304) throw error
  })
}
