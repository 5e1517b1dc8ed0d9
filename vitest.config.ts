import { refuseOldNode } from './harness/vitest/refuse-old-node.ts'

refuseOldNode()
// Imported by the name of the package, so that Node loads it and Vite does not bundle the whole harness at each start.
const { defineSuites } = await import('claimcheck/config')

export default defineSuites()
