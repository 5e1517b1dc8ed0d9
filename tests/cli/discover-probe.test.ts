/** `claimcheck discover --probe` on an emulated rack: what drivers do not publish is read from the node. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { loadSku } from '../../harness/sku/sku.ts'
import { temporaryFolder } from '../support/rack-file.ts'
import { claimcheck } from './claimcheck.ts'

const env = { CLAIMCHECK_RUNTIME: 'model' }

describe('discover of a rack whose GPU driver publishes no NUMA node', () => {
  test('is unfinished without a probe', async ({ expect }) => {
    const said = await claimcheck(['discover'], env)
    expect(said).toMatchObject({ exitCode: 0, stderr: '' })
    expect(said.stdout.match(/numaNode: FILL_IN/g)).toHaveLength(8)
    expect(said.stdout).toContain('# `npx claimcheck discover --probe` reads them from a node.')
  })

  test('is finished with one, and states the path of every device', async ({ expect }) => {
    const said = await claimcheck(['discover', '--probe'], env)
    expect(said).toMatchObject({ exitCode: 0, stderr: '' })
    const path = join(temporaryFolder(), 'sku.yaml')
    writeFileSync(path, said.stdout)
    const sku = loadSku(path)
    expect(sku.gpus.map(({ numaNode }) => numaNode)).toEqual([0, 0, 0, 0, 1, 1, 1, 1])
    expect(sku.gpus[0]?.pciePath).toEqual(['pci0001:00'])
    expect(sku.nics[7]).toMatchObject({ name: 'mlx5_7', numaNode: 1, pciePath: ['pci0108:00'] })
  })
})
