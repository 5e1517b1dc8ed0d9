/** The cases in which Kubernetes' answer surprises, put to the emulated allocator. */
import { test } from 'vitest'
import { emulatedAnswer } from './emulated.ts'
import { KNOWN } from './known-cases.ts'

test.for(KNOWN)('$name', ({ one, answer }, { expect }) => {
  expect(emulatedAnswer(one)).toMatchObject(answer)
})
