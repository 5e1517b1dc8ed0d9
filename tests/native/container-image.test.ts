/** The container image of the pods, and the archive that is streamed to clusters into which no image can be pushed. */
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { readSettings } from '../../harness/core/variables.ts'
import { archiveOf } from '../../harness/native/native-archive.ts'
import { NATIVE, provideBinaries } from '../../harness/native/build-binaries.ts'
import { IMAGE } from '../../harness/native/container-image.ts'
import { provideCudaRuntime } from '../../harness/native/cuda-runtime.ts'
import { provideNixl } from '../../harness/native/nixl.ts'
import { libfabricEnvironment } from '../../tools/libfabric-libraries.ts'
import { PROJECT } from '../support/run-suite.ts'
import { temporaryFolder } from '../support/rack-file.ts'

const MOST_BYTES = 30e6
const { cacheDir } = readSettings({})
const dockerfile = readFileSync(join(NATIVE, 'transfer/Dockerfile'), 'utf8')
const silent = (): void => undefined
const parts = async () => {
  const [binaries, nixl] = await Promise.all([provideBinaries(silent), provideNixl(cacheDir, silent)])
  return { binaries, nixl: await provideCudaRuntime(nixl, cacheDir, silent) }
}

test('the Dockerfile names the image that pods run, and pins the same wheels as the harness', () => {
  expect(dockerfile).toContain(`claimcheck.dev/image="${IMAGE}"`)
  const [nixl, cuda] = ['nixl', 'cuda-runtime'].map((name) =>
    readFileSync(join(PROJECT, `harness/native/${name}.ts`), 'utf8'),
  ) as [string, string]
  const hashes = (text: string): string[] => (text.match(/[0-9a-f]{64}/g) ?? []).sort()
  expect(hashes(dockerfile)).toEqual(hashes(nixl + cuda))
  expect(dockerfile).toContain(/version: '([\d.]+)'/.exec(nixl)?.[1] ?? 'no version')
  expect(dockerfile).toContain(/version: '([\d.]+)'/.exec(cuda)?.[1] ?? 'no version')
})

test('the image of the harness has the version of Vitest that the package is tested with', () => {
  const harness = readFileSync(join(PROJECT, 'deploy/image/Dockerfile'), 'utf8')
  const manifest = readFileSync(join(PROJECT, 'package.json'), 'utf8')
  expect(manifest).toContain(`"vitest": "${/VITEST=([\d.]+)/.exec(harness)?.[1] ?? 'no version'}"`)
})

test('the root of the image weighs at most 30 MB compressed, and the providers it lacks are named', async () => {
  const { binaries, nixl } = await parts()
  const folder = temporaryFolder()
  const root = join(folder, 'root')
  const collect = [join(NATIVE, 'transfer/collect.sh'), '--root', binaries.transfer, nixl.folder, root]
  const { stderr } = await execa('sh', collect, { env: { PROVIDERS: folder } })
  expect(stderr).toContain("No libfabric: NIXL's LIBFABRIC backend cannot be used.")
  expect(stderr).toContain('No libibverbs provider for: bnxt_re efa erdma hns ionic irdma mana rxe.')
  await execa('tar', ['-czf', join(folder, 'root.tgz'), '-C', root, '.'])
  expect(statSync(join(folder, 'root.tgz')).size).toBeLessThan(MOST_BYTES)
  // Only the content of the image is used: its dynamic loader and its libraries.
  const loader = (await execa('find', [root, '-name', 'ld-linux*'])).stdout
  const { stdout } = await execa(loader, ['--library-path', `${root}/lib:${root}/opt/claimcheck/lib`, '--list', `${root}/opt/claimcheck/nixl/.nixl_cu12.mesonpy.libs/plugins/libplugin_UCX.so`])
  expect(stdout.split('\n').filter((line) => line.includes('=>') && !line.includes(root))).toEqual([])
})

/** The wheels are pinned for this processor only. */
const isX64 = process.arch === 'x64'

test.runIf(isX64)('with a folder of libfabric and hwloc the image has the LIBFABRIC backend, which then needs only the driver', async () => {
  const { binaries } = await parts()
  const { LIBFABRIC_NIXL_CAPI_LIB, LIBFABRIC_LIBRARY_PATH } = await libfabricEnvironment(cacheDir, silent)
  const folder = temporaryFolder()
  const libraries = join(folder, 'libfabric')
  mkdirSync(libraries)
  writeFileSync(join(libraries, 'COPYING'), 'a licence')
  const collect = (root: string) =>
    execa(
      'sh',
      [join(NATIVE, 'transfer/collect.sh'), '--root', binaries.transfer, join(LIBFABRIC_NIXL_CAPI_LIB, '../..'), root],
      { env: { PROVIDERS: folder, LIBFABRIC: libraries }, reject: false },
    )
  const without = await collect(join(folder, 'without'))
  expect(without.exitCode).toBe(1)
  expect(without.stderr).toMatch(/LIBFABRIC backend cannot be loaded with the libraries of .*libfabric\.so\.1.* not found/s)
  for (const from of LIBFABRIC_LIBRARY_PATH.split(':')) cpSync(from, libraries, { recursive: true })
  const root = join(folder, 'root')
  expect(await collect(root)).toMatchObject({ exitCode: 0 })
  expect(existsSync(join(root, 'opt/claimcheck/licenses/libfabric/COPYING'))).toBe(true)
  const plugin = join(root, 'opt/claimcheck/nixl/.nixl_cu12.mesonpy.libs/plugins/libplugin_LIBFABRIC.so')
  const { stdout } = await execa('ldd', [plugin], {
    env: { LD_LIBRARY_PATH: `${root}/lib:${root}/opt/claimcheck/lib` },
  })
  const absent = stdout.split('\n').filter((line) => line.includes('not found'))
  expect(absent.filter((line) => !line.includes('libcuda.so.1'))).toEqual([])
  expect(stdout).toContain(`libfabric.so.1 => ${root}/opt/claimcheck/lib/libfabric.so.1`)
})

test('the archive contains everything that the binary needs except glibc', async () => {
  const own = await parts()
  const cache = join(temporaryFolder(), 'cache')
  mkdirSync(cache)
  const archive = await archiveOf(own, cache, silent)
  expect(archive.bytes).toBeLessThan(MOST_BYTES)
  expect(await archiveOf(own, cache, silent)).toEqual(archive)
  const folder = temporaryFolder()
  chmodSync(folder, 0o755)
  await execa('tar', ['-xzf', archive.path, '-C', folder])
  expect(existsSync(join(folder, 'nixl/nixl_cu12.libs/libcudart.so.12'))).toBe(true)
  const target = ['--mode', 'target', '--devices', 'dram:0', '--block-size', '4096', '--timeout-seconds', '1']
  const { stdout } = await execa(join(folder, 'bin/claimcheck-transfer'), [...target, '--port', '25555'], {
    reject: false,
    extendEnv: false,
    env: {
      LD_LIBRARY_PATH: join(folder, 'lib'),
      NIXL_CAPI_LIB: join(folder, 'nixl/.nixl_cu12.mesonpy.libs/libnixl_capi.so'),
      UCX_LOG_LEVEL: 'error',
      TRANSFER_SECRET: '0'.repeat(64),
    },
  })
  expect(stdout).toContain('"event":"target_ready"')
})
