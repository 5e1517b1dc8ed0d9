/**
 * What the virtual machine boots: a kernel and one initial RAM file system with Debian's network tools, the modules, and the
 * root of the transfer image as `/pod`. Everything is kept in the cache folder and made again when an input changes.
 */
import { chmod, cp, mkdir, readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { NATIVE, digestOfSources, provideBinaries } from '../../../harness/native/build-binaries.ts'
import { provideNixl } from '../../../harness/native/nixl.ts'
import {
  digest,
  keyOf,
  provideArtifact,
  removePartial,
  type ArtifactRecipe,
  type Log,
} from '../../../harness/targets/lab/image/build-artifact.ts'
import { lock } from '../../../harness/targets/lab/image/build-lock.ts'
import { openApt, unpack } from '../../../harness/targets/lab/image/debian-packages.ts'
import { kernelWith } from '../../../harness/targets/lab/image/kernel.ts'

const SUITE = 'bookworm'
const TOOLS = ['busybox-static', 'ethtool', 'iproute2']
const PROVIDERS = ['ibverbs-providers']
/** What the guest loads. */
const kernel = kernelWith(['rdma_rxe', 'ib_umad', 'rdma_ucm', 'veth', 'sch_netem', 'sch_tbf'])
const UNUSED = ['usr/share/*', 'usr/lib/x86_64-linux-gnu/gconv', 'usr/lib/x86_64-linux-gnu/perl-base']
const GUEST = join(import.meta.dirname, 'guest')
const COLLECT = join(NATIVE, 'transfer', 'collect.sh')
/** A program for the tests alone, beside the transfer binary. */
const EXAMPLE = 'user_mad'

export interface VmImage {
  readonly kernel: string
  readonly initrd: string
  /** As `uname -r` says it. */
  readonly release: string
}

/** Two runs at once wait for each other. `say` gets a line about each slow step. */
export async function provideVmImage(cacheDir: string, say: Log): Promise<VmImage> {
  const cache = join(cacheDir, 'verbs')
  await mkdir(cache, { recursive: true })
  const unlock = await lock(join(cache, 'build.lock'), (holder) =>
    say(`Waiting for another build (${holder})`),
  )
  try {
    await removePartial(cache)
    const tools = (): Promise<string> => provideArtifact(debianTools, cache, say)
    const kernelRoot = await provideArtifact(kernel, cache, say)
    const recipe = await initrd({ cacheDir, tools, kernelRoot, say })
    return {
      kernel: join(kernelRoot, 'vmlinuz'),
      initrd: join(await provideArtifact(recipe, cache, say), 'initrd'),
      release: await readFile(join(kernelRoot, 'release'), 'utf8'),
    }
  } finally {
    await unlock()
  }
}

/** `root` is the guest's base, `providers` an unpacked package of libibverbs' providers. */
const debianTools: ArtifactRecipe = {
  name: 'tools',
  about: `Fetching ${[...TOOLS, ...PROVIDERS].join(', ')} from Debian ${SUITE} (once)`,
  inputs: [SUITE, ...TOOLS, ...PROVIDERS, ...UNUSED],
  async make(root) {
    const work = join(root, '..', 'work')
    const [packages, providers] = [join(work, 'packages'), join(work, 'providers')]
    for (const folder of [packages, providers, join(root, 'root'), join(root, 'providers')])
      await mkdir(folder, { recursive: true })
    const apt = await openApt(SUITE, join(work, 'apt'))
    await apt.fetchWithDependencies(TOOLS, packages)
    await apt.fetch(PROVIDERS, providers)
    await unpack(packages, join(root, 'root'), UNUSED)
    await unpack(providers, join(root, 'providers'))
    await rm(work, { recursive: true })
  },
}

interface Parts {
  readonly cacheDir: string
  readonly tools: () => Promise<string>
  readonly kernelRoot: string
  readonly say: Log
}

async function initrd({ cacheDir, tools, kernelRoot, say }: Parts): Promise<ArtifactRecipe> {
  const scripts = await Promise.all(
    (await readdir(GUEST))
      .sort()
      .map(async (name) => `${name}\0${await readFile(join(GUEST, name), 'utf8')}`),
  )
  const collect = await readFile(COLLECT, 'utf8')
  const example = await readFile(join(NATIVE, 'transfer/examples', `${EXAMPLE}.rs`), 'utf8')
  const nixl = await provideNixl(cacheDir, say)
  return {
    name: 'initrd',
    about: 'Making the initial RAM file system of the virtual machine',
    inputs: [
      keyOf(kernel),
      keyOf(debianTools),
      digest(scripts),
      digest([collect, example]),
      await digestOfSources(),
      nixl.folder,
    ],
    async make(root) {
      const binaries = await provideBinaries(say)
      const base = join(root, '..', 'guest')
      const from = await tools()
      await cp(join(from, 'root'), base, { recursive: true, verbatimSymlinks: true })
      await cp(join(kernelRoot, 'modules'), join(base, 'modules'), { recursive: true })
      await cp(GUEST, join(base, 'guest'), { recursive: true })
      await execa('sh', [COLLECT, '--root', binaries.transfer, nixl.folder, join(base, 'pod')], {
        env: { PROVIDERS: join(from, 'providers') },
      })
      await execa('cargo', ['build', '--release', '--quiet', '--example', EXAMPLE], { cwd: NATIVE })
      await cp(
        join(NATIVE, 'target/release/examples', EXAMPLE),
        join(base, 'pod/opt/claimcheck/bin', EXAMPLE),
      )
      for (const folder of ['dev', 'proc', 'sys', 'run', 'tmp', 'pod/dev', 'pod/proc', 'pod/sys'])
        await mkdir(join(base, folder), { recursive: true })
      await cp(join(base, 'guest', 'init'), join(base, 'init'))
      await chmod(join(base, 'init'), 0o755)
      const busybox = join(from, 'root/bin/busybox')
      const archive = 'find . | "$1" cpio -o -H newc > "$2"'
      await execa('sh', ['-c', archive, 'sh', busybox, join(root, 'initrd')], { cwd: base })
      await rm(base, { recursive: true })
    },
  }
}
