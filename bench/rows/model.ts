/** Measures the NUMA suite in the model runtime, without processes: the cost of Vitest and of the harness's own code. */
import { atMost, type Row } from '../figure.ts'
import { runSuite } from '../programs/suite.ts'
import { interleave } from '../rounds.ts'

export const model: Row = {
  name: 'model',
  about: 'CLAIMCHECK_RUNTIME=model npx vitest run suites/numa',
  async measure(context) {
    const { model } = await interleave(
      context.rounds,
      { model: () => runSuite({ CLAIMCHECK_RUNTIME: 'model' }) },
      context.say,
    )
    const values = model.map(({ seconds }) => seconds)
    return {
      figures: [{ name: 'suites/numa in the model runtime, wall', unit: 's', values, goal: atMost(2) }],
      samples: { model },
    }
  },
}
