/** Delivery of the binary by exec into an image that does not have it. */
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, onTestFinished } from 'vitest'
import { Journal } from '../../../harness/core/journal.ts'
import { seconds } from '../../../harness/core/units.ts'
import { readSettings } from '../../../harness/core/variables.ts'
import { archiveOf, type Archive } from '../../../harness/native/native-archive.ts'
import { provideBinaries } from '../../../harness/native/build-binaries.ts'
import { provideNixl } from '../../../harness/native/nixl.ts'
import { labTest as test, type LabUnderTest } from '../../support/lab.ts'
import { labTarget, RACK } from '../../support/lab-target.ts'
import { temporaryFolder } from '../../support/rack-file.ts'
import {
  claimOf,
  linesOf,
  TARGET_CONTAINER,
  DEVICES_CONTAINER,
  podOf,
  SOON,
} from '../../support/emulated-target.ts'

const IMAGE = 'claimcheck.dev/shell:test'
const TOOLS = ['sh', 'head', 'sleep', 'touch', 'rm', 'sha256sum', 'tar', 'gzip']
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
async function prepared({ docker, container }: LabUnderTest): Promise<Archive> {
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

test('every container of the pod runs the binary, and exec does too', async ({ lab }) => {
  const archive = await prepared(lab)
  const target = await labTarget({
    delivery: { kind: 'stream', image: IMAGE, archive },
    journal: new Journal(),
  })
  const containers = [TARGET_CONTAINER, { ...DEVICES_CONTAINER, name: 'sidecar' }]
  const pod = await target.schedule(podOf(await claimOf(target, 1, 1), { containers }), SOON)
  const running = await target.run(pod, SOON)
  const lines = await linesOf(target.log(running, 'sidecar'))
  expect(lines.some((line) => line.startsWith('DEVICES '))).toBe(true)
  expect((await target.exec(running, 'main', ['--version'], SOON)).stdout).toMatch(/^claimcheck-transfer \d/)
  for await (const line of target.log(running, 'main')) {
    // UCX may print warnings about the machine first.
    if (!line.startsWith('EVENT ')) continue
    expect(line).toContain('"event":"target_ready"')
    break
  }
  await target.release([pod], SOON)
})

test('an archive with another checksum is refused', async ({ lab }) => {
  const archive = await prepared(lab)
  const changed = { ...archive, sha256: '0'.repeat(64) }
  const target = await labTarget({ delivery: { kind: 'stream', image: IMAGE, archive: changed } })
  const pod = await target.schedule(podOf(await claimOf(target, 1, 1)), SOON)
  await expect(target.run(pod, { within: seconds(60) })).rejects.toMatchObject({
    code: 'EXEC_FAILED',
    message: expect.stringMatching(
      /delivery into pod\/main failed with exit code 1: found .*archive\.tgz: FAILED/s,
    ),
  })
})

test('an image without a shell is reported', async ({ lab }) => {
  const archive = await prepared(lab)
  const target = await labTarget({ delivery: { kind: 'stream', image: 'claimcheck.dev/pause:lab', archive } })
  const pod = await target.schedule(podOf(await claimOf(target, 1, 1)), SOON)
  await expect(target.run(pod, SOON)).rejects.toMatchObject({
    code: 'POD_FAILED',
    message: expect.stringContaining('could not start container main: StartError'),
  })
})
