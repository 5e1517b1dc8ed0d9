import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { libraryPath } from '../../harness/core/library.ts'
import { readSettings } from '../../harness/core/variables.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { loadSku } from '../../harness/sku/sku.ts'
import { temporaryFolder } from '../support/rack-file.ts'

test('a name is the file that comes with claimcheck, and a path stays a path', () => {
  expect(loadSku(libraryPath('skus', 'h100x8', 'here')).name).toBe('h100x8')
  expect(libraryPath('skus', 'my/h100x8', 'here')).toBe('my/h100x8')
  expect(libraryPath('skus', 'h100x8.yaml', 'here')).toBe('h100x8.yaml')
  const { rack, sku } = readSettings({
    CLAIMCHECK_TARGET: 'cluster',
    CLAIMCHECK_RACK: 'p5-2node',
    CLAIMCHECK_SKU: 'p5',
  })
  expect({ rack, sku }).toEqual({ rack: 'fixtures/racks/p5-2node.yaml', sku: 'fixtures/skus/p5.yaml' })
})

test('a rack names its SKU', () => {
  const path = join(temporaryFolder(), 'rack.yaml')
  const rack = (sku: string): string => `
schema: claimcheck.rack/1
name: mine
sku: ${sku}
nodes: [node-a, node-b]
links:
  nic: { rate: 9.77 GB/s, jitter: 0.2 % }
  socketInterconnect: { factor: 0.705 }
  podNetwork: { rate: 25 Gbit/s }
scale: 200
transfer: { iters: 24, warmupIters: 4 }
`
  writeFileSync(path, rack('h100x8'))
  expect(loadRack(path).sku.name).toBe('h100x8')
  writeFileSync(path, rack('h10x8'))
  expect(() => loadRack(path)).toThrow(
    /rack\.yaml: sku names a SKU that does not come with claimcheck: .*found "h10x8"\. Did you mean h100x8\?/,
  )
})
