/**
 * Stores the kubeconfig and the rack digest of each lab in the cache folder. Whether a lab is running is determined from
 * Docker.
 */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Rack } from '../../rack/rack.ts'

const stateSchema = z.strictObject({
  name: z.string(),
  rack: z.string(),
  /** The digest of the rack and its SKU when the lab was started. */
  digest: z.string(),
  nodes: z.array(z.string()),
  machine: z.enum(['container', 'vm']).default('container'),
  context: z.string(),
})

export type LabState = Readonly<z.infer<typeof stateSchema>>

export const labsFolder = (cacheDir: string): string => join(cacheDir, 'lab', 'running')
export const kubeconfigPath = (cacheDir: string, lab: string): string =>
  join(labsFolder(cacheDir), lab, 'kubeconfig')

/** Racks with the same digest result in the same lab. The path and the transfer settings do not count. */
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

/** Lists the names of the labs that have stored state. */
export async function knownLabs(cacheDir: string): Promise<readonly string[]> {
  return (await unlessMissing(readdir(labsFolder(cacheDir))))?.sort() ?? []
}

/** Returns undefined if there is no state, or it does not match the schema. */
export async function readState(cacheDir: string, lab: string): Promise<LabState | undefined> {
  const text = await unlessMissing(readFile(join(labsFolder(cacheDir), lab, 'lab.json'), 'utf8'))
  if (text === undefined) return undefined
  const parsed = stateSchema.safeParse(JSON.parse(text))
  return parsed.success ? parsed.data : undefined
}

export const removeState = (cacheDir: string, lab: string): Promise<void> =>
  rm(join(labsFolder(cacheDir), lab), { recursive: true, force: true })

const unlessMissing = <T>(reading: Promise<T>): Promise<T | undefined> =>
  reading.catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined
    throw error
  })
