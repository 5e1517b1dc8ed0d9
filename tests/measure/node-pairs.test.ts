/** Every node is in two pairs, with two partners; more nodes than can be paired are refused. */
import { expect, test } from 'vitest'
import { MOST_PAIRED_NODES, pairsOfNodes } from '../../harness/measure/node-pairs.ts'

const nodes = (count: number): string[] => Array.from({ length: count }, (_, index) => `node-${index}`)

test('one node has no pair, two are one pair', () => {
  expect(pairsOfNodes(nodes(1))).toEqual([])
  expect(pairsOfNodes(nodes(2))).toEqual([{ initiator: 'node-0', target: 'node-1' }])
})

test.for([3, 4, 5, 16])('%i nodes are each in two pairs, with different partners', (count) => {
  const pairs = pairsOfNodes(nodes(count))
  for (const node of nodes(count)) {
    const partners = pairs.flatMap(({ initiator, target }) =>
      initiator === node ? target : target === node ? initiator : [],
    )
    expect(partners.length, node).toBe(2)
    expect(new Set([node, ...partners]).size, node).toBe(3)
  }
})

test('more nodes than can be paired are refused, with the number that would be covered', () => {
  expect(() => pairsOfNodes(nodes(MOST_PAIRED_NODES + 4))).toThrow(
    'a comparison between 20 nodes is not measured: it pairs at most 16 nodes and would cover 16 of 20',
  )
})
