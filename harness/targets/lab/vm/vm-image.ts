/**
 * Builds what the containers of nodes in virtual machines have beside the node image: QEMU, a kernel, and an initial RAM file
 * system that mounts a copy of the container's root.
 */
import { chmod, copyFile, cp, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { NATIVE } from '../../../native/build-binaries.ts'
import {
  digest,
  keyOf,
  provideArtifact,
  sourcesIn,
  tool,
  type ArtifactRecipe,
  type Log,
} from '../image/build-artifact.ts'
import { openApt, unpack } from '../image/debian-packages.ts'
import { kernelWith } from '../image/kernel.ts'

/** Folder of a node with the files of its virtual machine. */
export const VM_FOLDER = '/usr/share/claimcheck/vm'

const SUITE = 'bookworm'
const QEMU = 'qemu-system-x86'
const BUSYBOX = 'busybox-static'
const SCRIPTS = join(NATIVE, 'lab', 'vm')
const MODULES = [
  ['virtio_pci', 'virtio_blk', 'virtio_net', 'ext4', '9p', '9pnet_virtio'],
  ['overlay', 'bridge', 'veth', 'sch_tbf', 'xfrm_user'],
  ['rdma_rxe', 'ib_umad', 'rdma_ucm'],
].flat()
const UNUSED = [
  'etc/*',
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
  'usr/share/perl*',
  'usr/bin/qemu-storage-daemon',
  'usr/bin/qemu-pr-helper',
  'usr/bin/qemu-system-x86_64-microvm',
  'usr/lib/x86_64-linux-gnu/perl*',
]

const packages: ArtifactRecipe = {
  name: 'qemu',
  about: `Fetching ${QEMU} and its dependencies from Debian ${SUITE}`,
  inputs: [SUITE, QEMU, BUSYBOX, ...UNUSED],
  async make(root) {
    const work = join(root, '..', 'work')
    const [debs, own] = [join(work, 'debs'), join(work, 'busybox')]
    for (const folder of [debs, own]) await mkdir(folder, { recursive: true })
    const apt = await openApt(SUITE, join(work, 'apt'))
    await apt.fetchWithDependencies([QEMU], debs)
    await apt.fetch([BUSYBOX], own)
    await unpack(debs, root, UNUSED)
    await unpack(own, own, UNUSED)
    await mkdir(join(root, VM_FOLDER), { recursive: true })
    await rename(join(own, 'bin/busybox'), join(root, VM_FOLDER, 'busybox'))
    await rm(work, { recursive: true })
  },
}

/** Two layers above the node image. `cache` is the folder of the artifacts. */
export async function machineRecipes(cache: string, say: Log): Promise<readonly ArtifactRecipe[]> {
  const kernel = kernelWith(MODULES)
  const boot: ArtifactRecipe = {
    name: 'boot',
    about: 'Making the initial RAM file system of the virtual machines',
    inputs: [keyOf(packages), keyOf(kernel), digest(await sourcesIn(SCRIPTS, ['*']))],
    async make(root) {
      const from = await provideArtifact(kernel, cache, say)
      const qemu = await provideArtifact(packages, cache, say)
      const folder = join(root, VM_FOLDER)
      await mkdir(folder, { recursive: true })
      await copyFile(join(from, 'vmlinuz'), join(folder, 'vmlinuz'))
      for (const script of ['prepare', 'run']) {
        await copyFile(join(SCRIPTS, script), join(folder, script))
        await chmod(join(folder, script), 0o755)
      }
      const guest = join(root, '..', 'guest')
      await mkdir(join(guest, 'bin'), { recursive: true })
      await cp(join(from, 'modules'), join(guest, 'modules'), { recursive: true })
      const busybox = join(qemu, VM_FOLDER, 'busybox')
      await copyFile(busybox, join(guest, 'bin/busybox'))
      await copyFile(join(SCRIPTS, 'init'), join(guest, 'init'))
      await chmod(join(guest, 'init'), 0o755)
      await tool(
        ['sh', '-c', 'find . | "$1" cpio -o -H newc > "$2"', 'sh', busybox, join(folder, 'initrd')],
        {
          package: 'findutils',
          cwd: guest,
        },
      )
      say(`The kernel of the virtual machines is ${await readFile(join(from, 'release'), 'utf8')}`)
      await rm(guest, { recursive: true })
    },
  }
  return [packages, boot]
}
