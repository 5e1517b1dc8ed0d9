/** `claimcheck/config`: the Vitest configuration of a project with suites. */
import { refuseOldNode } from '../vitest/refuse-old-node.ts'

refuseOldNode()
// An older Node cannot load the rest, and would not say why.
const { defineSuites } = await import('../vitest/config.ts')

export { defineSuites }
