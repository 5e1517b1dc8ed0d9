/** Runs every part of the tests, also after one that failed. Ends with 1 where one did, or with the signal it got. */
import { execa } from 'execa'

const failed: string[] = []
for (const part of ['test:native', 'test:harness', 'test:lab']) {
  const { exitCode, signal } = await execa('npm', ['run', part], { stdio: 'inherit', reject: false })
  if (signal !== undefined || exitCode === 130 || exitCode === 143) process.exit(exitCode ?? 130)
  if (exitCode !== 0) failed.push(part)
}
if (failed.length > 0) process.stderr.write(`Failed: ${failed.join(', ')}\n`)
process.exitCode = failed.length > 0 ? 1 : 0
