/**
 * Builds the images of the lab's pods as one archive that containerd imports: the transfer binary with NIXL and the C
 * libraries it needs, and the pause program of pod sandboxes.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Binaries } from '../../../native/binaries.ts'
import { digestOfSources } from '../../../native/build-binaries.ts'
import type { Nixl } from '../../../native/nixl.ts'
import { buildPause, pauseSources } from './go-programs.ts'
import { digest, tool, type ArtifactRecipe } from './build-artifact.ts'

export const TRANSFER_IMAGE = 'claimcheck.dev/transfer:lab'
export const PAUSE_IMAGE = 'claimcheck.dev/pause:lab'
/** Path of the archive in a node. */
export const IMAGES_ARCHIVE = '/usr/share/claimcheck/images.tar'

const NIXL_FOLDER = '/opt/claimcheck/nixl'
const TRANSFER = '/opt/claimcheck/bin/claimcheck-transfer'

interface Parts {
  readonly binaries: Binaries
  readonly nixl: Nixl
  /** The artifact with the C libraries. */
  readonly debian: { readonly key: string; root(): Promise<string> }
}

interface Image {
  readonly name: string
  readonly entrypoint: readonly string[]
  readonly env: readonly string[]
}

const transferImage: Image = {
  name: TRANSFER_IMAGE,
  entrypoint: [TRANSFER],
  env: [
    'PATH=/usr/bin:/bin',
    `NIXL_CAPI_LIB=${NIXL_FOLDER}/.nixl_cu12.mesonpy.libs/libnixl_capi.so`,
    'UCX_LOG_LEVEL=error',
  ],
}
const pauseImage: Image = { name: PAUSE_IMAGE, entrypoint: ['/pause'], env: [] }

export async function workload({ binaries, nixl, debian }: Parts): Promise<ArtifactRecipe> {
  // A digest of the sources, because the binary differs between working copies with the same sources.
  const transfer = await digestOfSources()
  return {
    name: 'workload',
    about: 'Building the images of pods',
    inputs: [
      transfer,
      nixl.folder,
      debian.key,
      digest(await pauseSources()),
      JSON.stringify([transferImage, pauseImage]),
    ],
    async make(root) {
      const work = await mkdtemp(join(tmpdir(), 'claimcheck-workload-'))
      try {
        const pause = join(work, 'pause')
        await mkdir(pause)
        await buildPause(join(pause, 'pause'))
        const whole = join(work, 'transfer')
        await writeTransferRoot(whole, await debian.root(), { binaries, nixl })
        const archive = join(root, IMAGES_ARCHIVE)
        await mkdir(join(archive, '..'), { recursive: true })
        await writeArchive(archive, join(work, 'archive'), [
          { image: transferImage, root: whole },
          { image: pauseImage, root: pause },
        ])
      } finally {
        await rm(work, { recursive: true, force: true })
      }
    },
  }
}

async function writeTransferRoot(
  root: string,
  debian: string,
  { binaries, nixl }: Omit<Parts, 'debian'>,
): Promise<void> {
  const libraries = process.arch === 'arm64' ? 'usr/lib/aarch64-linux-gnu' : 'usr/lib/x86_64-linux-gnu'
  for (const folder of [
    'opt/claimcheck/bin',
    libraries,
    'usr/lib64',
    'usr/bin',
    'tmp',
    'dev',
    'proc',
    'sys',
    'etc',
  ])
    await mkdir(join(root, folder), { recursive: true })
  await copyFile(binaries.transfer, join(root, TRANSFER))
  await cp(nixl.folder, join(root, NIXL_FOLDER), { recursive: true })
  // The C and C++ libraries with their symbolic links, and a shell for debugging.
  const parts = `cp -a ${libraries}/. "$1/${libraries}/" && cp -a bin lib lib64 "$1/" && cp -a usr/lib64/. "$1/usr/lib64/" && cp -a usr/bin/dash usr/bin/sh usr/bin/ls usr/bin/cat usr/bin/env usr/bin/sleep "$1/usr/bin/" && if [ -e usr/lib/ld-linux-aarch64.so.1 ]; then cp -a usr/lib/ld-linux-aarch64.so.1 "$1/usr/lib/"; fi`
  await tool(['sh', '-c', parts, 'sh', root], { package: 'coreutils', cwd: debian })
  await addVerbsProvider(root, libraries, nixl)
  const unused = ['gconv', 'libapt-*', 'libdb-*', 'perl-base', 'security', 'systemd']
  const prune = `cd "$1" && rm -rf ${unused.join(' ')}`
  await tool(['sh', '-c', prune, 'sh', join(root, libraries)], { package: 'coreutils' })
}

/** Adds the provider of Soft-RoCE, for nodes in virtual machines. The wheel's libibverbs searches these two folders. */
async function addVerbsProvider(root: string, libraries: string, nixl: Nixl): Promise<void> {
  const name = 'librxe-rdmav34.so'
  const folder = join(root, 'usr/lib64/libibverbs')
  await mkdir(folder, { recursive: true })
  await copyFile(join(root, libraries, 'libibverbs', name), join(folder, name))
  await mkdir(join(root, 'etc/libibverbs.d'), { recursive: true })
  await writeFile(join(root, 'etc/libibverbs.d/rxe.driver'), 'driver rxe\n')
  // A provider must use the libibverbs of the wheel, since a second copy would not know the devices of the first.
  const wheel = 'nixl_cu12.libs'
  const own = (await readdir(join(nixl.folder, wheel))).find((file) => /^libibverbs-.*\.so\./.test(file))
  if (own === undefined) throw new Error(`the wheel in ${nixl.folder} has no libibverbs in ${wheel}`)
  const link = join(root, libraries, 'libibverbs.so.1')
  await rm(link, { force: true })
  await symlink(join(NIXL_FOLDER, wheel, own), link)
}

/** Writes an archive in the format of `docker save`, with one layer for each image. */
async function writeArchive(
  path: string,
  work: string,
  parts: readonly { readonly image: Image; readonly root: string }[],
): Promise<void> {
  await mkdir(work)
  const manifest = []
  for (const [index, { image, root }] of parts.entries()) {
    const layer = `layer-${index}.tar`
    await tool(
      [
        'tar',
        '--owner=0',
        '--group=0',
        '--mtime=@0',
        '--sort=name',
        '-cf',
        join(work, layer),
        '-C',
        root,
        '.',
      ],
      {
        package: 'tar',
      },
    )
    const config = `config-${index}.json`
    await writeFile(
      join(work, config),
      JSON.stringify({
        architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
        os: 'linux',
        config: { Entrypoint: image.entrypoint, Env: image.env },
        rootfs: { type: 'layers', diff_ids: [`sha256:${await sha256(join(work, layer))}`] },
        history: [{ created_by: 'claimcheck' }],
      }),
    )
    manifest.push({ Config: config, RepoTags: [image.name], Layers: [layer] })
  }
  await writeFile(join(work, 'manifest.json'), JSON.stringify(manifest))
  await tool(['tar', '-cf', path, '-C', work, '.'], { package: 'tar' })
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
