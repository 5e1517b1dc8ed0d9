/** `npm run bench`: compares claimcheck on this machine with the programs that it is built on. */
import { runBench } from './bench.ts'
import { largeWrite } from './rows/large-write.ts'
import { model } from './rows/model.ts'
import { pagedTransfer } from './rows/paged-transfer.ts'
import { smallWrite } from './rows/small-write.ts'
import { start } from './rows/start.ts'
import { suite } from './rows/suite.ts'

await runBench({
  name: 'bench',
  description: 'Measures claimcheck against what it is built on.',
  rows: [largeWrite, smallWrite, pagedTransfer, start, suite, model],
  rounds: 5,
  file: 'bench.json',
})
