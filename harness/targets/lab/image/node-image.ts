/**
 * The image of the lab's nodes, one for both roles. Takes a cache folder; gives the image's name, built where something
 * it is made from has changed. Nothing is pulled. Layers lie in the order in which they change.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { ClaimcheckError } from '../../../core/errors.ts'
import { provideBinaries } from '../../../native/build-binaries.ts'
import { provideNixl } from '../../../native/nixl.ts'
import { docker, isGone, type Docker } from '../docker.ts'
import { debian } from './debian-root.ts'
import { containerd, kubernetes, ownPrograms } from './go-programs.ts'
import { lock } from './build-lock.ts'
import {
  digest,
  keyOf,
  provideArtifact,
  removePartial,
  type ArtifactRecipe,
  type Log,
} from './build-artifact.ts'
import { workload } from './workload-images.ts'

export const NODE_IMAGE = 'claimcheck-lab-node'
const LAYER_IMAGE = 'claimcheck-lab-layer'

/** Rejects with LAB_UNAVAILABLE or LAB_BUILD_FAILED. Two builds at once wait for each other. */
export async function provideNodeImage(cacheDir: string, say: Log): Promise<string> {
  const engine = await docker()
  return alone(cacheDir, say, async (cache) =>
    layered(engine, await recipes(cacheDir, cache, say), cache, say),
  )
}

/** The folders of etcd and of Kubernetes' programs on this machine, as the image has them. Rejects with LAB_BUILD_FAILED. */
export const provideControlPlane = (cacheDir: string, say: Log): Promise<readonly string[]> =>
  alone(cacheDir, say, async (cache) => [
    join(await provideArtifact(await kubernetes(), cache, say), 'usr/local/bin'),
    join(await provideArtifact(debian, cache, say), 'usr/bin'),
  ])

/** One build at a time; `work` gets the folder of the products. */
async function alone<T>(cacheDir: string, say: Log, work: (cache: string) => Promise<T>): Promise<T> {
  const cache = join(cacheDir, 'lab', 'image')
  await mkdir(cache, { recursive: true })
  const unlock = await lock(join(cache, 'build.lock'), (holder) =>
    say(`Waiting for another build of the node image (${holder}, who holds ${join(cache, 'build.lock')})`),
  )
  try {
    await removePartial(cache)
    return await work(cache)
  } finally {
    await unlock()
  }
}

async function recipes(cacheDir: string, cache: string, say: Log): Promise<readonly ArtifactRecipe[]> {
  const [binaries, nixl] = await Promise.all([provideBinaries(say), provideNixl(cacheDir, say)])
  const libraries = { key: keyOf(debian), root: () => provideArtifact(debian, cache, say) }
  return [
    debian,
    await kubernetes(),
    await containerd(),
    await workload({ binaries, nixl, debian: libraries }),
    ...(await ownPrograms()),
  ]
}

async function layered(
  engine: Docker,
  all: readonly ArtifactRecipe[],
  cache: string,
  say: Log,
): Promise<string> {
  const whole = digest(all.map(keyOf)).slice(0, 16)
  const image = `${NODE_IMAGE}:${whole}`
  if (await hasImage(engine, image)) return image
  let base = 'scratch'
  let below: string[] = []
  const used = new Set([image])
  for (const recipe of all) {
    below = [...below, keyOf(recipe)]
    const layer = `${LAYER_IMAGE}:${recipe.name}-${digest(below).slice(0, 16)}`
    if (!(await hasImage(engine, layer))) {
      const root = await provideArtifact(recipe, cache, say)
      say(`Adding ${recipe.name} to the node image`)
      await build(engine, base, root, layer)
    }
    base = layer
    used.add(layer)
  }
  await engine.getImage(base).tag({ repo: NODE_IMAGE, tag: whole })
  await removeOld(engine, used)
  say(`The node image is ${image}`)
  return image
}

const OLD_SECONDS = 7 * 86_400

/** Other sources, in other folders, have images of their own: only what is a week old goes, and is in no use. */
async function removeOld(engine: Docker, used: ReadonlySet<string>): Promise<void> {
  const before = Date.now() / 1000 - OLD_SECONDS
  for (const { RepoTags, Created } of await engine.listImages()) {
    if (Created > before) continue
    for (const tag of RepoTags ?? [])
      if (!used.has(tag) && (tag.startsWith(`${NODE_IMAGE}:`) || tag.startsWith(`${LAYER_IMAGE}:`)))
        await engine
          .getImage(tag)
          .remove()
          .catch((error: unknown) => {
            if (!isGone(error)) throw error
          })
  }
}

/** One layer more: `root` laid over `base`. */
async function build(engine: Docker, base: string, root: string, name: string): Promise<void> {
  const folder = dirname(root)
  await writeFile(join(folder, 'Dockerfile'), `FROM ${base}\nCOPY root/ /\n`)
  const context = execa('tar', ['-c', '--owner=0', '--group=0', '-C', folder, 'Dockerfile', 'root'], {
    buffer: false,
    encoding: 'buffer',
  })
  try {
    const [output] = await Promise.all([
      engine.buildImage(context.stdout, { t: name, forcerm: true }),
      context,
    ])
    await new Promise<void>((resolve, reject) => {
      engine.modem.followProgress(output, (error: Error | null) =>
        error === null ? resolve() : reject(error),
      )
    })
  } catch (cause) {
    throw new ClaimcheckError('LAB_BUILD_FAILED', {
      subject: `image ${name}`,
      problem: 'could not be built by Docker',
      found: String(cause),
      hint: 'See whether Docker has space left (docker system df).',
      cause,
    })
  }
}

const hasImage = (engine: Docker, name: string): Promise<boolean> =>
  engine
    .getImage(name)
    .inspect()
    .then(
      () => true,
      (error: unknown) => {
        if ((error as { statusCode?: unknown }).statusCode === 404) return false
        throw error
      },
    )
