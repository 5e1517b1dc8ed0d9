/**
 * `claimcheck pack --target host`: creates an archive with Node, the harness, the suites, the binaries and NIXL, for a machine
 * without network or Node. The archive is a shell script that unpacks itself, runs, and removes what it unpacked.
 */
import { chmod, cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createReadStream, createWriteStream, existsSync, globSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { execa } from 'execa'
import { ClaimcheckError } from '../../core/errors.ts'
import { PACKAGE_ROOT } from '../../core/package-root.ts'
import { bytes, formatBytes } from '../../core/units.ts'
import { provideBinaries } from '../../native/build-binaries.ts'
import { BUNDLE_FOLDER, NIXL_CAPI } from '../../native/bundled.ts'
import { provideCudaRuntime } from '../../native/cuda-runtime.ts'
import { provideNixl } from '../../native/nixl.ts'
import { providePerftest } from '../../native/ucx-perftest.ts'
import { closureOf } from './elf-closure.ts'
import { modulesFor } from './module-closure.ts'

const SOURCES = [
  'bin',
  'harness',
  'suites',
  'bench',
  'fixtures/skus',
  'fixtures/racks',
  'package.json',
  'vitest.config.ts',
  'LICENSE',
]
/** Packages that only other targets need. */
const OTHER_TARGETS = new Set(['@kubernetes/client-node', 'testcontainers'])
const NIXL_FOLDERS = [dirname(NIXL_CAPI), 'nixl_cu12.libs']
/** UCX's modules for GPU memory, host memory and InfiniBand. */
const UCX_MODULES = /(ucm_cuda|uct_cuda|uct_cma|uct_ib|uct_ib_mlx5)\.so\.0\.0\.0$/
const TYPES_AND_DOCS = /\.(d\.[cm]?ts|map|md|markdown|flow)$|^\/(docs?|man|\.github)\//
const MAX_BYTES = 60 * 2 ** 20
const STEP_MS = 10 * 60_000

export interface PackRequest {
  readonly out: string
  readonly cacheDir: string
  readonly say: (line: string) => void
}

/** Builds and downloads what is missing. Needs tar and xz. Rejects with TARGET_UNAVAILABLE, NATIVE_BUILD_FAILED or NIXL_UNAVAILABLE. */
export async function packHost({ out, cacheDir, say }: PackRequest): Promise<void> {
  requireClone()
  const binaries = await provideBinaries(say)
  const nixl = await provideCudaRuntime(await provideNixl(cacheDir, say), cacheDir, say)
  const perftest = await providePerftest(cacheDir, say)
  const work = await mkdtemp(join(tmpdir(), 'claimcheck-pack-'))
  try {
    const stage = join(work, 'claimcheck-host')
    for (const source of SOURCES)
      await cp(join(PACKAGE_ROOT, source), join(stage, source), { recursive: true })
    await stageModules(stage)
    const bundle = join(stage, BUNDLE_FOLDER)
    await put(process.execPath, join(bundle, 'node'))
    for (const binary of Object.values(binaries)) await put(binary, join(bundle, 'bin', basename(binary)))
    const modules = globSync('nixl_cu12.libs/ucx/*', { cwd: nixl.folder }).filter((path) =>
      UCX_MODULES.test(path),
    )
    const roots = [
      NIXL_CAPI,
      `${dirname(NIXL_CAPI)}/plugins/libplugin_UCX.so`,
      'nixl_cu12.libs/libcudart.so.12',
      ...modules,
    ]
    for (const path of closureOf(nixl.folder, roots, NIXL_FOLDERS))
      await put(join(nixl.folder, path), join(bundle, 'nixl', path))
    await cp(perftest.folder, join(bundle, 'perftest'), { recursive: true })
    await stripped(bundle)
    await cp(join(import.meta.dirname, 'launch.sh'), join(stage, 'launch.sh'))
    say('Compressing (about a minute)')
    const archive = join(work, 'archive.tar.xz')
    await step('tar', [
      '--create',
      '--file',
      archive,
      '--use-compress-program',
      'xz -7 -T0',
      '--directory',
      work,
      '--owner=0',
      '--group=0',
      basename(stage),
    ])
    await writeSelfExtracting(archive, resolve(out))
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  const { size } = await stat(out)
  say(`${out}: ${formatBytes(bytes(size))}. Run it on the other machine with: sh ${basename(out)}`)
  if (size > MAX_BYTES) say(`It is larger than the intended maximum of ${formatBytes(bytes(MAX_BYTES))}.`)
}

/** The archive holds what the package leaves out: the benchmark, and the modules beside it. */
function requireClone(): void {
  if (existsSync(join(PACKAGE_ROOT, 'bench'))) return
  throw new ClaimcheckError('TARGET_UNAVAILABLE', {
    subject: '`claimcheck pack`',
    problem: 'needs a clone of claimcheck, and this is the installed package',
    hint: 'Run it in a clone.',
  })
}

async function stageModules(stage: string): Promise<void> {
  const { dependencies } = JSON.parse(await readFile(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as {
    dependencies: Readonly<Record<string, string>>
  }
  const roots = ['vitest', 'vite', ...Object.keys(dependencies).filter((name) => !OTHER_TARGETS.has(name))]
  for (const folder of modulesFor(PACKAGE_ROOT, roots)) {
    await cp(join(PACKAGE_ROOT, folder), join(stage, folder), {
      recursive: true,
      dereference: true,
      // Nested packages are in the list of modules themselves.
      filter: (path) => {
        const inner = path.slice(join(PACKAGE_ROOT, folder).length)
        return !inner.startsWith('/node_modules') && !TYPES_AND_DOCS.test(inner)
      },
    })
  }
}

async function put(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await cp(from, to, { dereference: true })
  await chmod(to, 0o755)
}

/** Removes debug symbols, which makes the archive a third smaller, if `strip` is installed. */
async function stripped(folder: string): Promise<void> {
  const files = globSync(['node', 'bin/*', 'nixl/**/*.so*', 'perftest/**/*.so*', 'perftest/libucx/bin/*'], {
    cwd: folder,
  })
  await execa('strip', ['--strip-unneeded', ...files], { cwd: folder, reject: false, timeout: STEP_MS })
}

async function writeSelfExtracting(archive: string, out: string): Promise<void> {
  const head = await readFile(join(import.meta.dirname, 'unpack.sh'))
  await mkdir(dirname(out), { recursive: true })
  await writeFile(out, head)
  await pipeline(createReadStream(archive), createWriteStream(out, { flags: 'a' }))
  await chmod(out, 0o755)
}

async function step(program: string, args: readonly string[]): Promise<void> {
  await execa(program, args, { timeout: STEP_MS, forceKillAfterDelay: 2000 }).catch((cause: unknown) => {
    throw new ClaimcheckError('NATIVE_BUILD_FAILED', {
      subject: 'the archive',
      problem: `could not be created: ${program} failed`,
      found: cause instanceof Error ? cause.message.split('\n').slice(0, 4).join(' ') : String(cause),
      hint: 'Install tar and xz.',
      cause,
    })
  })
}
