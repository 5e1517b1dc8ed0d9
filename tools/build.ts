/**
 * `npm run build`: builds what the package has beside the sources: JavaScript and declarations in `dist/`, and the native
 * binaries of this platform in `native/prebuilt/`. `npm pack` runs it first.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { PACKAGE_ROOT } from '../harness/core/package-root.ts'
import { digestOfSources, NATIVE, provideBinaries } from '../harness/native/build-binaries.ts'
import { writePrebuilt } from '../harness/native/prebuilt.ts'

const say = (line: string): void => void process.stderr.write(`${line}\n`)

rmSync(join(PACKAGE_ROOT, 'dist'), { recursive: true, force: true })
await execa('tsc', ['-p', 'tsconfig.build.json'], { cwd: PACKAGE_ROOT, preferLocal: true, stdio: 'inherit' })
if (!process.argv.includes('--javascript')) {
  rmSync(join(NATIVE, 'prebuilt'), { recursive: true, force: true })
  writePrebuilt(NATIVE, await digestOfSources(), await provideBinaries(say))
}
