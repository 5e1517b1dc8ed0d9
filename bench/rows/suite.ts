/** Measures the NUMA suite with real processes: the whole command, and what the harness adds to an arm. */
import { atMost, summaryOf, type Row } from '../figure.ts'
import { provideTransfer } from '../programs/transfer.ts'
import { runSuite } from '../programs/suite.ts'
import { interleave } from '../rounds.ts'

export const suite: Row = {
  name: 'suite',
  about: 'npx vitest run suites/numa, everything built and fetched before',
  async measure(context) {
    await provideTransfer(context)
    const { suite } = await interleave(context.rounds, { suite: () => runSuite({}) }, context.say)
    const noisy = suite.filter(({ passed }) => !passed).length
    if (noisy > 0)
      context.say(`${noisy} of ${suite.length} runs did not pass: a busy machine, and more rounds for it`)
    return {
      figures: [
        {
          name: 'suites/numa, wall',
          unit: 's',
          values: suite.map(({ seconds }) => seconds),
          goal: atMost(20),
        },
        {
          name: 'harness around an arm, median of a run',
          unit: 's',
          values: suite.map(({ aroundSeconds }) => summaryOf(aroundSeconds).median),
          goal: atMost(0.5),
        },
      ],
      samples: { suite },
    }
  },
}
