/** The SKU profiles that come with claimcheck; their reference values may fit a discovered machine. */
import { globSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, '../../fixtures/skus')

export const knownProfiles = (): readonly string[] =>
  globSync('*.yaml', { cwd: FOLDER })
    .sort()
    .map((name) => join(FOLDER, name))
