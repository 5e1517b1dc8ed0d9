/** What a run left out, and why, as its last words: a skip that nobody reads is a hole in a gate. */
import type { Reporter, TestModule } from 'vitest/node'

export class UnrunReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules
      .flatMap((module) => [...module.children.allTests('skipped')])
      .flatMap((test) => {
        const result = test.result()
        return (result.state === 'skipped' && result.note) || []
      })
    for (const [reason, tests] of Map.groupBy(skipped, (note) => note))
      process.stdout.write(`Not run: ${tests.length} tests: ${reason}\n`)
  }
}
