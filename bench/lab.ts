/** `npm run bench:lab`: measures the lab, which is real Kubernetes in containers, and the suite in it. */
import { runBench } from './bench.ts'
import { labSuite } from './rows/lab-suite.ts'
import { labUp } from './rows/lab-up.ts'

await runBench({
  name: 'bench:lab',
  description: 'Measures the lab, and what the harness adds to a transfer in it.',
  rows: [labUp, labSuite],
  rounds: 3,
  file: 'bench-lab.json',
})
