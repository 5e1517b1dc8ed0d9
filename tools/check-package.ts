/**
 * `npm run check:package`: packs what npm would publish, and checks its size, its manifest (publint), its types
 * (arethetypeswrong) and its public API (API Extractor). The native binaries are packed if `npm run build` built them.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { PACKAGE_ROOT, VERSION } from '../harness/core/package-root.ts'

const MOST_BYTES = 25e6

const run = (program: string, args: readonly string[]) =>
  execa(program, args, { cwd: PACKAGE_ROOT, preferLocal: true, stdio: ['ignore', 'inherit', 'inherit'] })

await run('node', ['tools/build.ts', '--javascript'])
const folder = await mkdtemp(join(tmpdir(), 'claimcheck-package-'))
try {
  await execa('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: PACKAGE_ROOT })
  const tarball = join(folder, `claimcheck-${VERSION}.tgz`)
  const { size } = await stat(tarball)
  process.stdout.write(`The package has ${(size / 1e6).toFixed(1)} MB\n`)
  if (size > MOST_BYTES) throw new Error(`the package has ${size} bytes; expected at most ${MOST_BYTES}`)
  await run('publint', ['run', '--strict', tarball])
  await run('attw', ['--profile', 'esm-only', '--no-emoji', '--format', 'ascii', '--summary', tarball])
  await run('node', ['tools/api-report.ts', '--check'])
} finally {
  await rm(folder, { recursive: true, force: true })
}
