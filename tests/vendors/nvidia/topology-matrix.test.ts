/** The matrix of `nvidia-smi topo -m`: recorded, reported, and damaged. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isWired, linkPairsOf, linksOfGpu } from '../../../harness/vendors/nvidia/nvlinks.ts'
import { parseTopology } from '../../../harness/vendors/nvidia/topology-matrix.ts'
import { RECORDED } from '../../support/fake-smi.ts'

const FIELD = join(import.meta.dirname, '../../fixtures/field/topo')
const recorded = (name: string): string => readFileSync(join(RECORDED, name, 'topo.txt'), 'utf8')
const reported = (name: string): string => readFileSync(join(FIELD, `${name}.txt`), 'utf8')

/** The active links of each GPU, where a GPU has at most so many. */
function linksIn(text: string, most: number): readonly (number | undefined)[] {
  const topology = parseTopology(text)
  const wired = isWired(topology, { active: new Map(), most })
  return topology.connections.map((_, gpu) => linksOfGpu(topology, gpu, wired))
}

test.for([
  ['h200', [undefined], [0]],
  ['h100-nvswitch', Array(8).fill(18), [0, 0, 0, 1, 2, 2, 2, 3]],
  ['pcie-pair', [0, 0], [0, 0]],
  ['gb200', Array(4).fill(18), [0, 0, 1, 1]],
] as const)('recorded %s', ([name, links, numaNodes]) => {
  expect(parseTopology(recorded(name)).numaNodes).toEqual(numaNodes)
  expect(linksIn(recorded(name), 18)).toEqual(links)
})

interface Reported {
  readonly most: number
  readonly links: readonly (number | undefined)[]
  readonly numaNodes: readonly (number | undefined)[]
}
const eight = <T>(a: T, b: T): T[] => [a, a, a, a, b, b, b, b]
const REPORTED: Readonly<Record<string, Reported>> = {
  'a800-mlx5-bond': { most: 12, links: eight(8, 8), numaNodes: eight(0, 1) },
  'a800-one-bond': { most: 12, links: eight(8, 8), numaNodes: eight(0, 1) },
  'bnxt-columns': { most: 18, links: [0, 0], numaNodes: [0, 1] },
  'bond-cpu-one-core': { most: 18, links: [0, 0], numaNodes: [3, 2] },
  'dgx-a100-nps4': { most: 12, links: eight(12, 12), numaNodes: [3, 3, 1, 1, 7, 7, 5, 5] },
  'dgx1v-cube': { most: 6, links: eight(6, 6), numaNodes: eight(undefined, undefined) },
  'gb200-numa-lists': { most: 18, links: [18, 18, 18, 18], numaNodes: [0, 0, 1, 1] },
  'gh200-single': { most: 18, links: [undefined], numaNodes: [0] },
  'numa-range': { most: 18, links: [0, 0], numaNodes: [undefined, undefined] },
  'old-soc': { most: 6, links: [0, 0], numaNodes: [undefined, undefined] },
  'pcie-all-sys': { most: 0, links: eight(0, 0), numaNodes: eight(0, 1) },
  'pcie-bridged-pairs': { most: 12, links: [12, 12, 12, 12], numaNodes: [0, 0, 1, 1] },
  'rows-reversed': { most: 0, links: [0, 0], numaNodes: [0, 1] },
  'snc-ranges': { most: 0, links: [0, 0], numaNodes: [0, undefined] },
  'spaces-blank-affinity': { most: 18, links: [0, 0], numaNodes: [undefined, undefined] },
  'v100x16-mlx5': { most: 6, links: Array(16).fill(6) as number[], numaNodes: Array(16).fill(undefined) },
  'vm-blank-affinity': { most: 18, links: [0, 0], numaNodes: [undefined, undefined] },
}

test('every reported matrix has a test', () => {
  const names = readdirSync(FIELD).map((file) => file.replace('.txt', ''))
  expect(names.sort()).toEqual([...Object.keys(REPORTED), 'fused-columns'].sort())
})

test.for(Object.entries(REPORTED))('reported %s', ([name, { most, links, numaNodes }]) => {
  expect(parseTopology(reported(name)).numaNodes).toEqual(numaNodes)
  expect(linksIn(reported(name), most)).toEqual(links)
})

test("a GPU's own memory is a NUMA node of its own on Grace", () => {
  expect(parseTopology(reported('gb200-numa-lists'))).toMatchObject({
    memoryNumaNodes: [2, 10, 18, 26],
    numaAffinities: [[0, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17], {}, {}, {}],
  })
  expect(parseTopology(reported('numa-range')).numaAffinities).toEqual([
    [0, 1],
    [0, 1],
  ])
  expect(parseTopology(reported('dgx-a100-nps4')).memoryNumaNodes).toEqual(Array(8).fill(undefined))
})

test('SOC of old drivers is SYS', () => {
  expect(parseTopology(reported('old-soc')).connections).toEqual([
    ['X', 'SYS'],
    ['SYS', 'X'],
  ])
})

test('a wired mesh: 6 links to each of three peers are 18 of a GPU, and 4 are 12 of an A100', () => {
  const mesh = (cell: string): string => reported('gb200-numa-lists').replaceAll('NV18', cell)
  expect(linksIn(mesh('NV6'), 18)).toEqual([18, 18, 18, 18])
  expect(linksIn(mesh('NV4'), 12)).toEqual([12, 12, 12, 12])
  expect(linkPairsOf(parseTopology(mesh('NV6')))).toHaveLength(6)
})

test("the driver's own count decides whether links lead to a switch", () => {
  const topology = parseTopology(reported('gb200-numa-lists').replaceAll('NV18', 'NV6'))
  const own = (links: number) => new Map([0, 1, 2, 3].map((gpu) => [gpu, links]))
  expect(isWired(topology, { active: own(18), most: 18 })).toBe(true)
  expect(isWired(topology, { active: own(6), most: 18 })).toBe(false)
})

test('a bridge connects one pair', () => {
  expect(linkPairsOf(parseTopology(reported('pcie-bridged-pairs')))).toEqual([
    { between: [0, 1], links: 12 },
    { between: [2, 3], links: 12 },
  ])
})

test.for([
  ['a row whose cells are fused', reported('fused-columns'), /expected 9 cells in row GPU0, found 8/],
  ['nothing', '', /expected a header with GPUs and CPU Affinity, found nothing/],
  ['the list of another program', 'Device 0: Radeon\n', /found Device 0: Radeon/],
  [
    'a row that is cut',
    recorded('pcie-pair').replace('PHB\t X \t0-63\t0\t\tN/A', 'PHB'),
    /expected 2 cells in row GPU1, found 1/,
  ],
  ['a missing row', recorded('pcie-pair').replace(/^GPU1.*\n/m, ''), /expected a row GPU1, found none/],
  [
    'an unknown connection',
    recorded('pcie-pair').replace('PHB\t0-63', 'QPI\t0-63'),
    /SYS in row GPU0, column GPU1, found QPI/,
  ],
  [
    'a pair that differs from its mirror image',
    recorded('pcie-pair').replace(' X \tPHB', ' X \tSYS'),
    /GPU0 to GPU1 equal to GPU1 to GPU0, found SYS and PHB/,
  ],
] as const)('%s is refused, with place, expected and found', ([, text, message]) => {
  expect(() => parseTopology(text)).toThrow(
    expect.objectContaining({
      code: 'TARGET_UNAVAILABLE',
      message: expect.stringMatching(message) as string,
    }),
  )
})
