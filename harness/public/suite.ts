/** `claimcheck`: what a suite imports. */
export * from '../vitest/suite.ts'
