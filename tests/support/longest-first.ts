/** Starts the longest lab test files first, so that all workers end at about the same time. */
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** By duration with one worker, longest first; all other files follow in Vitest's order. */
const LONGEST = [
  'cluster/job',
  'cluster/node-outage',
  'lab/failures',
  'cluster/api-server-outage',
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
