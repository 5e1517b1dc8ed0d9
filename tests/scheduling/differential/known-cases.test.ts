/** The emulated allocator gives the results of Kubernetes in cases in which those are unexpected. */
import { test } from 'vitest'
import { emulatedAnswer } from './emulated-allocator.ts'
import { KNOWN } from './known-cases.ts'

test.for(KNOWN)('$name', ({ one, answer }, { expect }) => {
  expect(emulatedAnswer(one)).toMatchObject(answer)
})
