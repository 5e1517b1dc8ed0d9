/**
 * What this machine remembers of its labs: a folder each, with the kubeconfig and which rack it is. Takes the cache
 * folder; gives what stands there. Whether a lab runs, Docker knows.
 */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Rack } from '../../rack/rack.ts'

const stateSchema = z.strictObject({
  name: z.string(),
  rack: z.string(),
  /** Of the rack and its SKU, as they were. */
  digest: z.string(),
  nodes: z.array(z.string()),
  context: z.string(),
})

export type LabState = Readonly<z.infer<typeof stateSchema>>

export const labsFolder = (cacheDir: string): string => join(cacheDir, 'lab', 'running')
export const kubeconfigPath = (cacheDir: string, lab: string): string =>
  join(labsFolder(cacheDir), lab, 'kubeconfig')

/** Two racks with the same digest make the same lab, wherever their files lie and however long their transfers are. */
export const rackDigest = (rack: Rack): string =>
  createHash('sha256')
    .update(JSON.stringify({ ...rack, path: '', transfer: null }))
    .digest('hex')

export async function writeState(cacheDir: string, state: LabState, kubeconfig: string): Promise<void> {
  const folder = join(labsFolder(cacheDir), state.name)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(join(folder, 'kubeconfig'), kubeconfig, { mode: 0o600 })
  await writeFile(join(folder, 'lab.json'), `${JSON.stringify(state, undefined, 2)}\n`)
}

/** Names of the labs that something is remembered of. */
export async function knownLabs(cacheDir: string): Promise<readonly string[]> {
  return (await ifThere(readdir(labsFolder(cacheDir))))?.sort() ?? []
}

/** Undefined where nothing is remembered of it. */
export async function readState(cacheDir: string, lab: string): Promise<LabState | undefined> {
  const text = await ifThere(readFile(join(labsFolder(cacheDir), lab, 'lab.json'), 'utf8'))
  if (text === undefined) return undefined
  const parsed = stateSchema.safeParse(JSON.parse(text))
  return parsed.success ? parsed.data : undefined
}

export const removeState = (cacheDir: string, lab: string): Promise<void> =>
  rm(join(labsFolder(cacheDir), lab), { recursive: true, force: true })

const ifThere = <T>(reading: Promise<T>): Promise<T | undefined> =>
  reading.catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined
    throw error
  })
