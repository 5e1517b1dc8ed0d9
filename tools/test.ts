/** Runs every part of the tests, also after one that failed. Ends with 1 where one did, with 130 or 143 where it was told to end. */
import { execa } from 'execa'

let running: { kill(signal: NodeJS.Signals): boolean } | undefined
let told: number | undefined
// A terminal tells every process of the group; whoever was told alone passes it on. Either way the part cleans up first.
process.on('SIGINT', () => {
  told = 130
})
process.on('SIGTERM', () => {
  told = 143
  running?.kill('SIGTERM')
})

const failed: string[] = []
for (const part of ['test:native', 'test:harness', 'test:lab']) {
  const run = execa('npm', ['run', part], { stdio: 'inherit', reject: false })
  running = run
  const { exitCode } = await run
  if (told !== undefined) process.exit(told)
  if (exitCode !== 0) failed.push(part)
}
if (failed.length > 0) process.stderr.write(`Failed: ${failed.join(', ')}\n`)
process.exitCode = failed.length > 0 ? 1 : 0
