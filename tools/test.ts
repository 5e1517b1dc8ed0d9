/**
 * `npm test`: runs the native, harness and lab tests one after the other, also after one failed, and ends with one summary.
 * With VERBS=required it also runs the tests on real RDMA verbs, which take several minutes in a virtual machine.
 * Exits with 1 when a part failed, with 130 or 143 when it was interrupted.
 */
import { stdout } from 'node:process'
import { execa } from 'execa'
import { formatPart, summarizePart } from './test/part-summary.ts'

let running: { kill(signal: NodeJS.Signals): boolean } | undefined
let interrupted: number | undefined
// A terminal signals the whole process group; a signal to this process alone is forwarded, so that the part cleans up.
process.on('SIGINT', () => {
  interrupted = 130
})
process.on('SIGTERM', () => {
  interrupted = 143
  running?.kill('SIGTERM')
})

// A part writes to a pipe, so that its counts can be read, and would drop its colours there.
const colour = stdout.isTTY && process.env['NO_COLOR'] === undefined ? { FORCE_COLOR: '1' } : {}
const summary: string[] = []
const failed: string[] = []
const parts = ['native', 'harness', 'lab', ...(process.env['VERBS'] === 'required' ? ['verbs'] : [])]
for (const part of parts) {
  const run = execa('npm', ['run', `test:${part}`], {
    stdin: 'inherit',
    stdout: ['inherit', 'pipe'],
    stderr: ['inherit', 'pipe'],
    all: true,
    maxBuffer: 1e9,
    reject: false,
    env: colour,
  })
  running = run
  const { exitCode = 1, all } = await run
  if (interrupted !== undefined) process.exit(interrupted)
  if (exitCode !== 0) failed.push(part)
  summary.push(formatPart(part, summarizePart(all), exitCode))
}
stdout.write(`\n${summary.join('\n')}\n`)
if (failed.length > 0) process.stderr.write(`Failed: ${failed.join(', ')}\n`)
process.exitCode = failed.length > 0 ? 1 : 0
