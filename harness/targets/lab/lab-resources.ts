/**
 * What Docker keeps of labs: containers, their volumes and networks, found by label. Takes the engine; gives the labs
 * there are and removes them whole. Idempotent, and safe when two do it at once.
 */
import { hostname } from 'node:os'
import { isGone, type Docker } from './docker.ts'
import { isAlive } from './image/build-lock.ts'
import { LAB_LABEL, OWNER_LABEL } from './layout.ts'

export interface LabResources {
  readonly lab: string
  readonly containers: readonly { readonly id: string; readonly name: string; readonly running: boolean }[]
  readonly networks: readonly string[]
  /** Whose it is: a run that lives or has gone, or nobody's, as it was started to stay. */
  readonly owner: 'alive' | 'gone' | 'nobody'
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

/** Only a process of this machine can be known to be gone. */
function ownerOf(label: string | undefined): LabResources['owner'] {
  if (label === undefined) return 'nobody'
  const [host, pid] = label.split(' ')
  return host === hostname() && !isAlive(Number(pid)) ? 'gone' : 'alive'
}

export async function removeLabResources(
  engine: Docker,
  { containers, networks }: LabResources,
): Promise<void> {
  await Promise.all(
    containers.map(async ({ id }) => {
      const container = engine.getContainer(id)
      await quietly(container.stop({ t: SECONDS_TO_STOP }))
      await quietly(container.remove({ force: true, v: true }))
    }),
  )
  for (const id of networks) await quietly(engine.getNetwork(id).remove())
}

async function quietly(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    // 304: has stopped already.
    if (!isGone(error) && (error as { statusCode?: unknown }).statusCode !== 304) throw error
  })
}
