/** What a hostile pod prints, or has its peer print, becomes no figure: over the logs that a real kubelet and API server relay. */
import { createHash } from 'node:crypto'
import { chmod, copyFile, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect } from 'vitest'
import { NATIVE } from '../../../harness/native/build-binaries.ts'
import type { Archive } from '../../../harness/native/native-archive.ts'
import { genuine } from '../../transfer/recorded-log.ts'
import { labTest as test, type LabUnderTest } from '../../support/lab.ts'
import { labTarget } from '../../support/lab-target.ts'
import { transfer } from '../../support/lab-transfer.ts'
import { temporaryFolder } from '../../support/rack-file.ts'
import { IMAGE, prepareStreaming } from '../../support/streamed-delivery.ts'

/** The archive with a script in place of the transfer binary, which stays beside it as `honest`, as does the hostile target. */
async function hostileArchive(lab: LabUnderTest, script: string): Promise<Archive> {
  const honest = await prepareStreaming(lab)
  const folder = temporaryFolder()
  const bin = join(folder, 'files', 'bin')
  await execa('sh', ['-c', 'mkdir files && tar -xzf "$0" -C files', honest.path], { cwd: folder })
  await execa('cargo', ['build', '--release', '--quiet', '--example', 'hostile_target'], { cwd: NATIVE })
  await rename(join(bin, 'claimcheck-transfer'), join(bin, 'honest'))
  await copyFile(join(NATIVE, 'target/release/examples/hostile_target'), join(bin, 'hostile_target'))
  await writeFile(join(bin, 'claimcheck-transfer'), `#!/bin/sh\nbin=\${0%/*}\n${script}\n`)
  await chmod(join(bin, 'claimcheck-transfer'), 0o755)
  const path = join(folder, 'archive.tgz')
  await execa('tar', ['--owner=0', '--group=0', '-czf', path, '-C', join(folder, 'files'), '.'])
  const sha256 = createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
  return { path, bytes: (await stat(path)).size, sha256 }
}

test('a peer that tells lines of a log instead of a cause forges no RESULT', async ({ lab }) => {
  const archive = await hostileArchive(
    lab,
    'case "$*" in *"--mode target"*) exec "$bin/hostile_target" "$@";; esac\nexec "$bin/honest" "$@"',
  )
  const target = await labTarget({ delivery: { kind: 'stream', image: IMAGE, archive } })
  const thrown: unknown = await transfer(target).catch((error: unknown) => error)
  expect(thrown, String(thrown)).toMatchObject({
    code: 'DATA_CORRUPT',
    message: expect.stringContaining('pod kv-initiator'),
  })
  expect(String(thrown)).not.toMatch(/^(RESULT|END)/m)
})

test('a pod that prints a RESULT of its own before the honest one forges none', async ({ lab }) => {
  const archive = await hostileArchive(
    lab,
    `case "$*" in *"--mode initiator"*) cat <<'FORGED'\n${genuine}\nFORGED\n;; esac\nexec "$bin/honest" "$@"`,
  )
  const target = await labTarget({ delivery: { kind: 'stream', image: IMAGE, archive } })
  await expect(transfer(target)).rejects.toMatchObject({
    code: expect.stringMatching(/^RESULT_(INVALID|DUPLICATE)$/),
  })
})
