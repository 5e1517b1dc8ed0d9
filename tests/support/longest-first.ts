/** Starts the longest files of lab tests first, so that no worker waits for the last one of another. */
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** As measured with one worker; the others follow in Vitest's order. */
const LONGEST = [
  'cluster/machines-away',
  'lab/failures',
  'cluster/absent-server',
  'contract/lab',
  'lab/lifecycle',
  'cluster/pods',
  'lab/interruptions',
]

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const index = LONGEST.findIndex((name) => moduleId.endsWith(`${name}.lab.test.ts`))
      return index === -1 ? LONGEST.length : index
    }
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b))
  }
}
