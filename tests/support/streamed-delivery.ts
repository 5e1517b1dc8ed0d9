/** An image in the lab that has a shell and no transfer binary, and the archive that is streamed into its pods. */
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { onTestFinished } from 'vitest'
import { readSettings } from '../../harness/core/variables.ts'
import { archiveOf, type Archive } from '../../harness/native/native-archive.ts'
import { provideBinaries } from '../../harness/native/build-binaries.ts'
import { provideNixl } from '../../harness/native/nixl.ts'
import type { LabUnderTest } from './lab.ts'
import { RACK } from './lab-target.ts'
import { temporaryFolder } from './rack-file.ts'

/** Each worker has its own, since workers share Docker's engine. */
export const IMAGE = `claimcheck.dev/shell:test-${process.pid}`
const TOOLS = ['cat', 'sh', 'head', 'sleep', 'touch', 'rm', 'sha256sum', 'tar', 'gzip']
const silent = (): void => undefined
/** A script that fills a root folder with a shell, the tools that delivery needs, and glibc. */
const ROOT = `set -eu
for tool in ${TOOLS.join(' ')}; do
  path=$(command -v $tool); mkdir -p "$0/bin"; cp -L "$path" "$0/bin/$tool"
  ldd "$path" | sed -n 's/.*=> \\(\\/[^ ]*\\) .*/\\1/p; s/^[[:space:]]*\\(\\/[^ ]*\\) .*/\\1/p'
done | sort -u | while read -r library; do mkdir -p "$0$(dirname "$library")"; cp -L "$library" "$0$library"; done
mkdir -p "$0/lib" && for name in libdl.so.2 librt.so.1 libpthread.so.0 libm.so.6; do
  path=$(ldconfig -p | sed -n "s/.*$name .*x86-64.*=> //p" | head -n 1); mkdir -p "$0$(dirname "$path")"; cp -L "$path" "$0$path"
done
mkdir -p "$0/tmp"; chmod 1777 "$0/tmp"`

/** Imports the image into every node and resolves with the archive of the binary. */
export async function prepareStreaming({ docker, container }: LabUnderTest): Promise<Archive> {
  const folder = temporaryFolder()
  const root = join(folder, 'root')
  await execa('sh', ['-c', ROOT, root])
  await execa('sh', ['-c', `tar -c -C "$0" . | docker import --change 'ENV PATH=/bin' - ${IMAGE}`, root])
  await docker('save', '-o', join(folder, 'image.tar'), IMAGE)
  onTestFinished(async () => void (await docker('rmi', IMAGE)))
  for (const node of RACK.nodes) {
    const ctr = (...args: readonly string[]) => [
      'exec',
      '-i',
      container(node),
      'ctr',
      '-n',
      'k8s.io',
      'images',
      ...args,
    ]
    await execa('docker', ctr('import', '-'), { input: createReadStream(join(folder, 'image.tar')) })
    onTestFinished(async () => void (await docker(...ctr('rm', IMAGE))))
  }
  const { cacheDir } = readSettings(process.env)
  const [binaries, nixl] = await Promise.all([provideBinaries(silent), provideNixl(cacheDir, silent)])
  return archiveOf({ binaries, nixl }, cacheDir, silent)
}
