/** What the compiler says of arms in a suite. `tsc` checks it with the project; nothing here is run. */
import { expectTypeOf, test } from 'vitest'
import { gpusWithNics } from '../../harness/claim/numa-placements.ts'
import { bytes } from '../../harness/core/units.ts'
import type { DeclaredArm } from '../../harness/expect/arm.ts'
import type * as Suite from '../../harness/vitest/suite.ts'

const arm = gpusWithNics({ gpus: 1, gpusOn: 0, nics: 1, nicsOn: 0 })
const common = { name: 'typed', op: 'WRITE', size: bytes(8) } as const

const suites = ({ comparisonTest, gpuLinkTest, numaComparisons }: typeof Suite): void => {
  const typed = comparisonTest({ ...common, arms: { four: arm, one: arm } })
  typed('arms have the names of their declaration', async ({ arms, reference, expect }) => {
    expectTypeOf(arms).toEqualTypeOf<Readonly<Record<'four' | 'one', DeclaredArm>>>()
    await expect(arms.four).toOutperform(arms.one, { by: 3.6 })
    await expect(arms.four).toBeWithin(reference.four)
    // @ts-expect-error: `three` was not declared
    await expect(arms.three).toArriveIntact()
    // @ts-expect-error: `three` was not declared
    await expect(arms.four).toOutperform(arms.three, { by: 3.6 })
    // @ts-expect-error: `three` was not declared
    await expect(arms.four).toBeWithin(reference.three)
  })

  const { ofEach } = gpuLinkTest({ ...common, turn: 1, arms: { linked: { path: 'gpu-links' } } })
  ofEach('and so between GPUs', async ({ arms, expect }) => {
    await expect(arms.linked).toArriveIntact()
    // @ts-expect-error: `staged` was not declared
    await expect(arms.staged).toArriveIntact()
  })

  const [first] = numaComparisons()
  if (first === undefined) return
  comparisonTest({ ...common, arms: first.arms })('and where a shape may lack them', ({ arms }) => {
    expectTypeOf(arms).toEqualTypeOf<Readonly<Record<'aligned' | 'unaligned', DeclaredArm>>>()
  })

  // @ts-expect-error: an arm has no option of this name
  comparisonTest({ ...common, arms: { four: arm, one: { ...arm, transport: 'tcp' } } })
}

test('an arm that was not declared does not compile', () => {
  expectTypeOf(suites).toBeFunction()
})
