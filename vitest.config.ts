import { defineSuites } from './harness/vitest/config.ts'

export default defineSuites()
