/** Prints at the end of a run which tests were skipped, and why. */
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
