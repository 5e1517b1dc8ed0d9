/** An invalid rack file is rejected with file, line and column before anything is built. */
import { expect, test } from 'vitest'
import { loadRack } from '../../harness/rack/rack.ts'
import { rackFile } from '../support/rack-file.ts'

const rate = 'rate: 9.77 GB/s'

test.for([
  ['nodes: [', 'nodess: [', ':6:1 at the top: unknown key "nodess"; did you mean "nodes"?'],
  ['jitter: 0.2 %', 'jiter: 0.2 %', ':8:27 at links.nic: unknown key "jiter"; did you mean "jitter"?'],
  [rate, 'rate: 0 GB/s', ':8:16 at links.nic.rate: a rate must be greater than 0'],
  [rate, 'rate: -9.77 GB/s', ':8:16 at links.nic.rate: a rate must be greater than 0'],
  [rate, 'rate: 9.77', ':8:16 at links.nic.rate: expected a quantity with its unit'],
  [rate, 'rate: 9.77 GiB/s', ':8:16 at links.nic.rate: "9.77 GiB/s" is not a valid quantity'],
  [rate, 'rate: "9.77"', ':8:16 at links.nic.rate: "9.77" is not a valid quantity'],
  [rate, 'rate: fast', ':8:16 at links.nic.rate: "fast" is not a valid quantity'],
  ['jitter: 0.2 %', 'jitter: -1 %', ':8:35 at links.nic.jitter: jitter must be from 0 %'],
  ['jitter: 0.2 %', 'jitter: 50 %', ':8:35 at links.nic.jitter: jitter must be from 0 %'],
  ['factor: 0.705', 'factor: 1.2', ':9:33 at links.socketInterconnect.factor'],
  ['factor: 0.705', 'factor: 0', ':9:33 at links.socketInterconnect.factor'],
  ['scale: 200', 'scale: 0', ':11:8 at scale'],
  ['nodes: [node-a, node-b]', 'nodes: [node-a, node-a]', ':6:17 at nodes[1]: "node-a" is listed twice'],
  ['nodes: [node-a, node-b]', 'nodes: [Node_A]', ':6:9 at nodes[0]: expected a node name'],
  ['nodes: [node-a, node-b]', 'nodes: []', ':6:8 at nodes'],
  ['claimcheck.rack/1', 'claimcheck.rack/2', ':3:9 at schema'],
  ['links:', 'links: {', ' is not YAML'],
  ['iters: 24', 'iters: 10001', ':12:20 at transfer.iters: Too big'],
  ['warmupIters: 4', 'warmupIters: 1e15', ':12:37 at transfer.warmupIters: Too big'],
  [rate, 'rate: 1e300 GB/s', ':8:16 at links.nic.rate: expected at most 100 TB/s'],
  ['nodes: [node-a, node-b]', 'nodes: [".."]', ':6:9 at nodes[0]: expected a node name'],
  ['name: h100-2node', 'name: ..', ':4:7 at name: expected a rack name'],
  ['name: h100-2node', `name: ${'a'.repeat(64)}`, ':4:7 at name: expected a rack name'],
] as const)('%s -> %s', ([from, to, expected]) => {
  const path = rackFile({ edit: (text) => text.replace(from, to) })
  expect(() => loadRack(path)).toThrow(
    expect.objectContaining({ code: 'FILE_INVALID', message: expect.stringContaining(expected) }),
  )
  expect(() => loadRack(path)).toThrow(path)
})

test.for([
  [
    '{ kind: nic-slow, node: node-c, nic: mlx5_1, fraction: 0.5 }',
    'FAULT_INVALID',
    'names a node',
    'Did you mean "node-a"?',
  ],
  [
    '{ kind: nic-slow, node: node-a, nic: mlx_1, fraction: 0.5 }',
    'FAULT_INVALID',
    'names a NIC',
    'Did you mean "mlx5_1"?',
  ],
  ['{ kind: tcp-fallback, node: rack }', 'FAULT_INVALID', 'names a node', 'expected one of node-a, node-b'],
  [
    '{ kind: nic-slw, node: node-a, nic: mlx5_1, fraction: 0.5 }',
    'FILE_INVALID',
    'at faults[0].kind',
    'did you mean "nic-slow"?',
  ],
  [
    '{ kind: nic-slow, node: node-a, nic: mlx5_1, fraction: 1.5 }',
    'FILE_INVALID',
    'at faults[0].fraction',
    ':14:60',
  ],
  ['{ kind: nic-slow, node: node-a, nic: mlx5_1 }', 'FILE_INVALID', 'at faults[0].fraction', ':14:5'],
  ['{ kind: corrupt, node: node-a, nic: mlx5_1, everyBytes: 64 }', 'FILE_INVALID', 'everyBytes', ':14:61'],
  ['{ kind: link-cut, node: node-a, nic: mlx5_1, afterBytes: 0 B }', 'FILE_INVALID', 'afterBytes', ':14:62'],
  [
    '{ kind: link-cut, node: node-a, nic: mlx5_1, after: 1 MiB }',
    'FILE_INVALID',
    'unknown key "after"',
    'the keys here are kind, node, nic',
  ],
  ['{ kind: numa-misreport, node: node-a, nic: mlx5_4, numaNode: -1 }', 'FILE_INVALID', 'numaNode', ':14:66'],
] as const)('fault %s', ([fault, code, problem, place]) => {
  const path = rackFile({ faults: [fault] })
  expect(() => loadRack(path)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(problem) }),
  )
  expect(() => loadRack(path)).toThrow(place)
  expect(() => loadRack(path)).toThrow(path)
})

test('a rack whose SKU file is missing is rejected with the name of that file', () => {
  const path = rackFile({ edit: (text) => text.replace('h100x8.yaml', 'h900x8.yaml') })
  expect(() => loadRack(path)).toThrow(
    expect.objectContaining({
      code: 'FILE_UNREADABLE',
      subject: expect.stringMatching(/fixtures\/skus\/h900x8\.yaml$/),
    }),
  )
})
