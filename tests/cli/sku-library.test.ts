/**
 * Every rack of the SKU library and of public reports: doctor finds nothing missing, and the profile that discover writes after
 * a probe describes the same devices as the rack's own and matches the nodes that it was made from.
 */
import { globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { compareTopology } from '../../harness/claim/published-topology.ts'
import { publishRack } from '../../harness/emulation/publish-rack.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { loadSku, type Sku } from '../../harness/sku/sku.ts'
import { temporaryFolder } from '../support/rack-file.ts'
import { PROJECT } from '../support/run-suite.ts'
import { claimcheck } from './claimcheck.ts'

const racks = [
  ...globSync('fixtures/racks/*.yaml', { cwd: PROJECT }),
  ...globSync('tests/fixtures/field/racks/*.rack.yaml', { cwd: PROJECT }),
].sort()

describe.for(racks)('%s', (path) => {
  const env = { CLAIMCHECK_RUNTIME: 'model', CLAIMCHECK_RACK: path }

  test('lacks nothing that a run needs', async ({ expect }) => {
    const { exitCode, stdout, stderr } = await claimcheck(['doctor'], env)
    expect(stderr).toBe('')
    expect(stdout).toContain('Nothing is missing.')
    expect(stdout).toContain('the published topology matches SKU')
    expect(exitCode).toBe(0)
  })

  test('is described by a discovered profile, which its nodes match', async ({ expect }) => {
    const said = await claimcheck(['discover', '--probe'], env)
    expect(said).toMatchObject({ exitCode: 0, stderr: '' })
    const file = join(temporaryFolder(), 'sku.yaml')
    writeFileSync(file, said.stdout)
    const found = loadSku(file)
    const rack = loadRack(join(PROJECT, path))
    expect(devicesOf(found)).toEqual(devicesOf(rack.sku))
    expect(compareTopology(publishRack(rack).slices, found)).toEqual([])
  })
})

const devicesOf = ({ gpus, nics }: Sku): string[] =>
  [
    ...gpus.map(({ name, pciBusID, numaNode }) => `${name} at ${pciBusID} on ${numaNode}`),
    ...nics.map(({ name, pciAddress, numaNode }) => `${name} at ${pciAddress} on ${numaNode}`),
  ].sort()
