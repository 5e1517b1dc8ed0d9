/** The matrix of `nvidia-smi topo -m`: of machines of several kinds, and of none. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { linksOf, parseTopology } from '../../../harness/vendors/nvidia/topology-matrix.ts'
import { RECORDED } from '../../support/fake-smi.ts'

const recorded = (name: string): string => readFileSync(join(RECORDED, name, 'topo.txt'), 'utf8')

test.for([
  ['h200', 1, undefined, [0]],
  ['h100-nvswitch', 8, 18, [0, 0, 0, 1, 2, 2, 2, 3]],
  ['pcie-pair', 2, 0, [0, 0]],
  ['gb200', 4, 18, [0, 0, 1, 1]],
] as const)('%s: %i GPUs, %s links between every two', ([name, gpus, links, numaNodes]) => {
  const topology = parseTopology(recorded(name))
  expect(topology.connections).toHaveLength(gpus)
  expect(linksOf(topology)).toBe(links)
  expect(topology.numaNodes).toEqual(numaNodes)
})

test('pairs with different links have no one number', () => {
  const uneven = recorded('h100-nvswitch')
    .replace('GPU0     X      NV18', 'GPU0     X      NV12')
    .replace('GPU1    NV18', 'GPU1    NV12')
  expect(linksOf(parseTopology(uneven))).toBeUndefined()
})

test.for([
  ['nothing', ''],
  ['the list of another program', 'Device 0: Radeon\n'],
  ['a row that is cut', recorded('pcie-pair').replace('PHB\t X \t0-63\t0\t\tN/A', 'PHB')],
  ['a missing row', recorded('pcie-pair').replace(/^GPU1.*\n/m, '')],
  ['a connection nobody knows', recorded('pcie-pair').replace('PHB\t0-63', 'QPI\t0-63')],
  ['a pair that differs from its mirror image', recorded('pcie-pair').replace(' X \tPHB', ' X \tSYS')],
] as const)('%s is refused', ([, text]) => {
  expect(() => parseTopology(text)).toThrow(expect.objectContaining({ code: 'TARGET_UNAVAILABLE' }))
})
