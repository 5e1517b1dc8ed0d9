/** Generates random cases: a cluster of one to four nodes, the devices in use, and the claims of one pod. */
import * as fc from 'fast-check'
import type { DeviceClass } from '../../../harness/dra/objects.ts'
import { onceIn } from './once-in.ts'
import type { Case, Scope } from './test-case.ts'
import { claims } from './generate-claims.ts'
import { GPU, NIC, node, sharedSlices, slicesOf, style } from './generate-devices.ts'

const classOf = (name: string, ...expressions: string[]): DeviceClass => ({
  apiVersion: 'resource.k8s.io/v1',
  kind: 'DeviceClass',
  metadata: { name },
  spec: { selectors: expressions.map((expression) => ({ cel: { expression } })) },
})

const classes = [
  classOf('gpu', `device.driver == "${GPU}"`),
  classOf('nic', `device.driver == "${NIC}"`),
  classOf('rdma', `device.driver == "${NIC}"`, `device.attributes["${NIC}"].rdma`),
  classOf('any'),
]

const themed = (scope: Scope): fc.Arbitrary<Case> =>
  fc
    .record({
      usual: style,
      nodes: fc.oneof(
        { weight: 1, arbitrary: fc.array(node(scope), { minLength: 1, maxLength: 1 }) },
        { weight: 1, arbitrary: fc.array(node(scope), { minLength: 2, maxLength: 4 }) },
      ),
      shared: onceIn(6, fc.integer({ min: 1, max: 3 })),
      held: fc.array(fc.nat(), { maxLength: 4 }),
      claims: claims(scope),
    })
    .map(({ usual, nodes, shared, held, claims }): Case => {
      const slices = nodes.flatMap((one, index) =>
        slicesOf(`node-${index}`, { ...one, style: one.other ?? usual }, scope.lists),
      )
      const all = [...slices, ...sharedSlices(shared)]
      const devices = all.flatMap(({ spec: { driver, pool, devices = [] } }) =>
        devices.map(({ name }) => ({ driver, pool: pool.name, device: name })),
      )
      const taken = new Set(devices.length === 0 ? [] : held.map((n) => devices[n % devices.length]))
      return {
        nodes: nodes.map((_, index) => `node-${index}`),
        slices: all,
        classes,
        held: [...taken].filter((one) => one !== undefined),
        claims,
      }
    })

/** Most cases resemble real clusters; the others exercise features that are rare there. */
export const cases = (lists: boolean): fc.Arbitrary<Case> =>
  fc.oneof(
    { weight: 4, arbitrary: themed({ lists, theme: 'field' }) },
    { weight: 1, arbitrary: themed({ lists, theme: 'taints' }) },
    { weight: 2, arbitrary: themed({ lists, theme: 'constraints' }) },
  )
