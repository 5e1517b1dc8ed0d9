/** `claimcheck/config`: the Vitest configuration of a project with suites. */
export { defineSuites } from '../vitest/config.ts'
