/** Runs the fault matrix of the harness, prints each row, and returns what happened. */
import { stdout } from 'node:process'
import { FakeCluster } from './fake-cluster.ts'
import { titleOf, type HarnessFault } from './harness-fault.ts'
import { runFault, type FaultEnd } from './run-fault.ts'

/**
 * Runs the rows one after the other, and ends after the current one on SIGINT and SIGTERM. A control plane is started when a row
 * needs one.
 */
export async function runHarnessFaults(faults: readonly HarnessFault[]): Promise<readonly FaultEnd[]> {
  const say = (line: string): void => void stdout.write(`${line}\n`)
  const cluster = faults.some(({ target }) => target === 'cluster') ? await FakeCluster.start(say) : undefined
  const ends: FaultEnd[] = []
  let interrupted = false
  const onSignal = (): void => void (interrupted = true)
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  try {
    for (const fault of faults) {
      if (interrupted) break
      const end = await runFault(fault, fault.target === 'cluster' ? cluster : undefined)
      ends.push(end)
      say(
        `${end.wrong === undefined ? '✓' : '✗'} ${titleOf(fault)}: exit ${end.exit}, ${end.codes.join(' ')}`,
      )
      if (end.wrong !== undefined) say(end.wrong)
    }
    return ends
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
    await cluster?.stop()
  }
}
