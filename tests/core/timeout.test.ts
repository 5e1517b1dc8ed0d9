/** Every wait ends with the value, at its timeout, or when the run is interrupted. */
import { expect, test } from 'vitest'
import { withTimeout } from '../../harness/core/timeout.ts'
import { seconds } from '../../harness/core/units.ts'

const never = new Promise<never>(() => undefined)
const wait = { subject: 'pod node-a/target', until: 'to be ready', within: seconds(0.01) }

test('resolves with the value of work that ends in time', async () => {
  expect(await withTimeout(Promise.resolve(7), { ...wait, within: seconds(3600) })).toBe(7)
})

test('leaves no timer behind', async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  await withTimeout(Promise.resolve(), { ...wait, within: seconds(3600) })
  expect(timers()).toBe(before)
})

test('rejects with the error of work that fails in time', async () => {
  await expect(withTimeout(Promise.reject(new RangeError('own')), wait)).rejects.toThrow(RangeError)
})

test('a timeout names the object, the condition and the last state', async () => {
  await expect(withTimeout(never, { ...wait, lastSeen: () => 'Pending' })).rejects.toMatchObject({
    code: 'DEADLINE',
    message: 'timed out after 0.01 s waiting for pod node-a/target to be ready; last seen: Pending',
  })
})

test('an interrupted wait names the object and the condition', async () => {
  const over = new AbortController()
  const waiting = withTimeout(never, { ...wait, within: seconds(3600), signal: over.signal })
  over.abort()
  await expect(waiting).rejects.toMatchObject({
    code: 'INTERRUPTED',
    message: 'interrupted while waiting for pod node-a/target to be ready',
  })
})
