/**
 * The kernel of a virtual machine whose Soft-RoCE (rdma_rxe) works in network namespaces: the newest of Debian's backports.
 * Debian keeps no older archives, so no version is pinned; the file `release` states the version.
 */
import { glob, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import type { ArtifactRecipe } from './build-artifact.ts'
import { openApt, unpack } from './debian-packages.ts'

const SUITE = 'trixie-backports'
const METAPACKAGE = 'linux-image-amd64'

/**
 * Makes `vmlinuz`, `release` and `modules/NN-name.ko`: `modules` with all they depend on, numbered in the order in which they
 * load.
 */
export const kernelWith = (modules: readonly string[]): ArtifactRecipe => ({
  name: 'kernel',
  about: `Fetching the newest kernel of Debian ${SUITE} (about 120 MB, once)`,
  inputs: [SUITE, METAPACKAGE, ...modules],
  async make(root) {
    const work = await mkdtemp(join(root, '..', 'kernel-'))
    try {
      const packages = join(work, 'packages')
      const unpacked = join(work, 'unpacked')
      await Promise.all([packages, unpacked, join(root, 'modules')].map((folder) => mkdir(folder)))
      const apt = await openApt(SUITE, join(work, 'apt'))
      await apt.fetch(await packagesOfNewest(apt), packages)
      await unpack(packages, unpacked)
      const versions = join(unpacked, 'usr/lib/modules')
      const [release = ''] = await readdir(versions)
      const folder = join(versions, release)
      await rename(join(folder, 'vmlinuz'), join(root, 'vmlinuz'))
      await layModules(modules, folder, join(root, 'modules'))
      await writeFile(join(root, 'release'), release)
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  },
})

/** The kernel that the metapackage stands for, and its modules. */
async function packagesOfNewest(apt: Awaited<ReturnType<typeof openApt>>): Promise<readonly string[]> {
  const image = (await apt.dependencies(METAPACKAGE)).find((name) => /^linux-image-\d/.test(name))
  if (image === undefined) throw new Error(`${METAPACKAGE} of ${SUITE} depends on no kernel`)
  const parts = await apt.dependencies(image)
  return parts.filter((name) => /^linux-(binary|modules)-\d/.test(name))
}

/** Decompresses the modules, those that others depend on first. */
async function layModules(modules: readonly string[], from: string, to: string): Promise<void> {
  const files = new Map<string, string>()
  for await (const path of glob('kernel/**/*.ko.xz', { cwd: from }))
    files.set(basename(path, '.ko.xz').replaceAll('-', '_'), join(from, path))
  const order = new Set<string>()
  const place = async (name: string): Promise<void> => {
    const file = files.get(name)
    // One that is not there is built into the kernel.
    if (file === undefined || order.has(name)) return
    await execa('unxz', [file])
    const module = file.slice(0, -'.xz'.length)
    for (const dependency of await dependenciesOf(module)) await place(dependency)
    await rename(module, join(to, `${String(order.size).padStart(2, '0')}-${name}.ko`))
    order.add(name)
  }
  for (const name of modules) await place(name)
}

/** As the module's own `.modinfo` section lists them. */
async function dependenciesOf(module: string): Promise<readonly string[]> {
  const text = await readFile(module, 'latin1')
  const names = /\0depends=([^\0]*)\0/.exec(text)?.[1] ?? ''
  return names.split(',').map((name) => name.replaceAll('-', '_'))
}
