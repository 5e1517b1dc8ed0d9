/** Names of objects are valid for Kubernetes and as different as the texts that they are made from. */
import { assert, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { objectName } from '../../harness/core/object-name.ts'

/** A DNS subdomain of at most one label's length, as Kubernetes asks of names. */
const VALID = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/

test('a valid name stays as it is', () => {
  for (const name of ['h100x8-4gpu-4nic-numa-aligned', 'kv-1gib-aligned-1-target', 'a.b-c', 'a'.repeat(63)])
    expect(objectName(name)).toBe(name)
})

test('a long name is shortened, and names that differ at the end stay different', () => {
  const long = `${'h100x8-with-a-long-name-'.repeat(4)}ip-10-0-1-2.us-west-2.compute.internal`
  const [one, other] = [objectName(`${long}-target`), objectName(`${long}-initiator`)]
  expect(one).toMatch(/^h100x8-with-a-long-name-h100x8-with-a-long-name-h1-[0-9a-f]{12}$/)
  expect(one).not.toBe(other)
})

test('every text has a valid name', () => {
  assert(
    property(string({ minLength: 1, maxLength: 300 }), (text) => {
      expect(objectName(text)).toMatch(VALID)
      expect(objectName(text).length).toBeLessThanOrEqual(63)
    }),
  )
})
