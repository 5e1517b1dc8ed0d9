/**
 * Builds the image of the lab's containers, which workers and control plane share. Layers that change most often come last,
 * and only those whose inputs have changed are built again. No image is pulled.
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
import { machineRecipes } from '../vm/vm-image.ts'
import { workload } from './workload-images.ts'

const NODE_IMAGE = 'claimcheck-lab-node'
const LAYER_IMAGE = 'claimcheck-lab-layer'

/** Resolves with the name of the image. Rejects with LAB_UNAVAILABLE or LAB_BUILD_FAILED. */
export async function provideNodeImage(cacheDir: string, say: Log): Promise<string> {
  const engine = await docker()
  return withBuildLock(cacheDir, say, async (cache) =>
    buildLayers(engine, await recipes(cacheDir, cache, say), cache, say),
  )
}

/** The node image with what runs a node in a virtual machine. Resolves and rejects as `provideNodeImage` does. */
export async function provideVmImage(cacheDir: string, say: Log): Promise<string> {
  const engine = await docker()
  return withBuildLock(cacheDir, say, async (cache) => {
    const all = [...(await recipes(cacheDir, cache, say)), ...(await machineRecipes(cache, say))]
    return buildLayers(engine, all, cache, say)
  })
}

/** Resolves with the folders that contain etcd and the Kubernetes programs of the image. Rejects with LAB_BUILD_FAILED. */
export const provideControlPlane = (cacheDir: string, say: Log): Promise<readonly string[]> =>
  withBuildLock(cacheDir, say, async (cache) => [
    join(await provideArtifact(await kubernetes(), cache, say), 'usr/local/bin'),
    join(await provideArtifact(debian, cache, say), 'usr/bin'),
  ])

/** Calls `work` with the folder of the artifacts while no other build runs. */
async function withBuildLock<T>(cacheDir: string, say: Log, work: (cache: string) => Promise<T>): Promise<T> {
  const cache = join(cacheDir, 'lab', 'image')
  await mkdir(cache, { recursive: true })
  const unlock = await lock(join(cache, 'build.lock'), (holder) =>
    say(
      `Waiting for another build of the node image, process ${holder}, which holds ${join(cache, 'build.lock')}`,
    ),
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

async function buildLayers(
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

/** Removes images that are unused and older than a week. Newer ones may belong to other working copies. */
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

/** Builds the image `name`, which has the files of `root` on top of the image `base`. */
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
      problem: 'could not be built',
      found: String(cause),
      hint: 'Check that Docker has disk space left (docker system df).',
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
