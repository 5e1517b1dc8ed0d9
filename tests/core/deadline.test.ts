/** Every wait ends: with the value, with its deadline, or with the run. */
import { expect, test } from 'vitest'
import { withDeadline } from '../../harness/core/deadline.ts'
import { seconds } from '../../harness/core/units.ts'

const never = new Promise<never>(() => undefined)
const wait = { subject: 'pod node-a/target', until: 'to be ready', within: seconds(0.01) }

test('the value of what ends in time', async () => {
  expect(await withDeadline(Promise.resolve(7), { ...wait, within: seconds(3600) })).toBe(7)
})

test('no timer outlives the wait', async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  await withDeadline(Promise.resolve(), { ...wait, within: seconds(3600) })
  expect(timers()).toBe(before)
})

test('the error of what fails in time is its own', async () => {
  await expect(withDeadline(Promise.reject(new RangeError('own')), wait)).rejects.toThrow(RangeError)
})

test('a deadline names the object, the condition and what was seen last', async () => {
  await expect(withDeadline(never, { ...wait, lastSeen: () => 'Pending' })).rejects.toMatchObject({
    code: 'DEADLINE',
    message: 'pod node-a/target was waited for to be ready for 10.00 ms in vain: found Pending',
  })
})

test('an interrupted wait says so', async () => {
  const over = new AbortController()
  const waiting = withDeadline(never, { ...wait, within: seconds(3600), signal: over.signal })
  over.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'INTERRUPTED', subject: 'pod node-a/target' })
})
