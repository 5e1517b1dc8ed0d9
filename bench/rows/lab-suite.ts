/** Measures the NUMA suite in a running lab: the whole command, and what the harness and Kubernetes add to an arm. */
import { readSettings } from '../../harness/core/variables.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { startLab } from '../../harness/targets/lab/lab.ts'
import { atMost, summaryOf, type Row } from '../figure.ts'
import { runSuite, type SuiteRun } from '../programs/suite.ts'

export const labSuite: Row = {
  name: 'lab-suite',
  about: 'CLAIMCHECK_TARGET=lab npx vitest run suites/numa, in a lab that is up',
  async measure({ rounds, cacheDir, say }) {
    const name = `bench-${process.pid}`
    const lab = await startLab(loadRack(readSettings({}).rack), { cacheDir, name, say })
    const runs: SuiteRun[] = []
    try {
      for (let round = 0; round < rounds; round++) {
        say(`round ${round + 1} of ${rounds}`)
        runs.push(await runSuite({ CLAIMCHECK_TARGET: 'lab', CLAIMCHECK_LAB: name }))
      }
    } finally {
      await lab.stop()
    }
    const noisy = runs.filter(({ passed }) => !passed).length
    if (noisy > 0)
      say(`${noisy} of ${rounds} runs did not pass, because the machine was busy; they took more rounds`)
    const median = (of: (run: SuiteRun) => readonly number[]): number[] =>
      runs.map((run) => summaryOf(of(run)).median)
    return {
      figures: [
        {
          name: 'suites/numa, wall',
          unit: 's',
          values: runs.map(({ seconds }) => seconds),
          goal: atMost(90),
        },
        {
          name: 'around the transfer of an arm',
          unit: 's',
          values: median(({ aroundSeconds }) => aroundSeconds),
          goal: atMost(3),
        },
        {
          name: 'of that, from running pods to the first byte, and reading the logs',
          unit: 's',
          values: median(({ readySeconds }) => readySeconds),
          goal: atMost(1),
        },
      ],
      samples: { runs },
    }
  },
}
