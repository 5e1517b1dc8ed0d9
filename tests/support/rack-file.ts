/** Rack files for tests: that of the fixtures with faults or other changes, in a folder that is removed after the test. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'

const FIXTURE = resolve(import.meta.dirname, '../../fixtures/racks/h100-2node.yaml')
const SKU = resolve(import.meta.dirname, '../../fixtures/skus/h100x8.yaml')

/** Writes a copy with `faults`, as YAML flow maps, and with `edit` applied to its text, and returns its path. */
export function rackFile({
  faults = [],
  edit = (text) => text,
}: { faults?: readonly string[]; edit?: (text: string) => string } = {}): string {
  const text = edit(readFileSync(FIXTURE, 'utf8').replace('../skus/h100x8.yaml', SKU))
  const list = faults.length === 0 ? '' : `faults:\n${faults.map((fault) => `  - ${fault}\n`).join('')}`
  const path = join(temporaryFolder(), 'rack.yaml')
  writeFileSync(path, text + list)
  return path
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'claimcheck-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
