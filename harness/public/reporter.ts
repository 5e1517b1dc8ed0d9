/** `claimcheck/reporter`: the Vitest reporter, for a configuration that does not use `defineSuites`. */
export { default, type ReporterOptions } from '../vitest/reporter.ts'
export type { Output } from '../vitest/progress-line.ts'
