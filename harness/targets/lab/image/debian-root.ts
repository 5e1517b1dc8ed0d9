/**
 * Builds the base of the node image: a minimal Debian with the packages that a node needs, from the mirror of debootstrap.
 * Packages are unpacked but not configured, so none of their scripts runs on this machine.
 */
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ClaimcheckError } from '../../../core/errors.ts'
import { tool, type ArtifactRecipe } from './build-artifact.ts'

const SUITE = 'bookworm'
const PACKAGES = [
  'containernetworking-plugins',
  'etcd-server',
  'ibverbs-providers',
  'iproute2',
  'libgcc-s1',
  'libssl3',
  'libstdc++6',
  'mount',
  'procps',
  'runc',
]
/** Paths that a node does not need. */
const UNUSED = [
  'debootstrap',
  'dev',
  'proc',
  'sys',
  'run',
  'tmp',
  'var/run',
  'var/cache/apt',
  'var/lib/apt',
  'var/lib/dpkg',
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
  'usr/share/zoneinfo',
]

export const debian: ArtifactRecipe = {
  name: 'debian',
  about: `Fetching ${PACKAGES.length} packages and their dependencies from Debian ${SUITE} (about half a minute)`,
  inputs: [SUITE, process.arch, ...PACKAGES, ...UNUSED],
  async make(root) {
    if (process.getuid?.() !== 0)
      throw new ClaimcheckError('LAB_BUILD_FAILED', {
        subject: 'debootstrap',
        problem: 'requires root to build the base of the node image',
        hint: 'Run "sudo npx claimcheck lab build" once. All users of this Docker engine can use the image.',
      })
    const include = `--include=${PACKAGES.join(',')}`
    await tool(['debootstrap', '--foreign', '--variant=minbase', include, SUITE, root], {
      package: 'debootstrap (Debian: apt-get install debootstrap)',
    })
    const archives = join(root, 'var/cache/apt/archives')
    for (const file of await readdir(archives)) {
      if (!file.endsWith('.deb')) continue
      // dpkg-deb --extract would replace the symbolic links /bin, /lib and /sbin by folders.
      const unpack = 'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"'
      await tool(['sh', '-c', unpack, 'sh', join(archives, file), root], { package: 'dpkg and tar' })
    }
    for (const path of UNUSED) await rm(join(root, path), { recursive: true, force: true })
    for (const path of ['dev', 'proc', 'sys', 'run', 'tmp', 'etc'])
      await mkdir(join(root, path), { recursive: true })
    await symlink('/run', join(root, 'var/run'))
    await writeFile(
      join(root, 'etc/passwd'),
      'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
    )
    await writeFile(join(root, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n')
  },
}
