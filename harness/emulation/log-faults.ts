/** Applies a rack's log faults to the lines of a pod's log as the harness reads them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { faultOnNode } from '../rack/node-faults.ts'
import type { Rack } from '../rack/rack.ts'

/** The minimum length of a long line, in characters. Lines with results are longer, progress messages are shorter. */
const LONG = 500

export async function* withLogFaults(
  lines: AsyncIterable<string>,
  rack: Rack,
  node: string,
): AsyncGenerator<string, void> {
  const has = (kind: Parameters<typeof faultOnNode>[1]): boolean =>
    faultOnNode(rack, kind, node) !== undefined
  const late = faultOnNode(rack, 'log-late', node)
  let waited = false
  for await (const line of lines) {
    if (has('log-missing')) continue
    if (late !== undefined && !waited) {
      await sleep(late.by * 1000)
      waited = true
    }
    if (has('log-cut') && line.length > LONG) {
      yield line.slice(0, line.length / 2)
      return
    }
    yield has('log-garbled') && line.length > LONG ? garbled(line) : line
    if (has('log-double') || (has('result-duplicate') && line.startsWith('RESULT '))) yield line
  }
}

/** Changes one digit in the middle of the line, so that it still parses. */
function garbled(line: string): string {
  const middle = Math.floor(line.length / 2)
  const at = middle + line.slice(middle).search(/\d/)
  if (at < middle) return line
  return `${line.slice(0, at)}${(Number(line[at]) + 1) % 10}${line.slice(at + 1)}`
}
