/**
 * Checks settings and files before any test, then prepares the target: native parts, a lab, or the run's Namespace on a
 * cluster. Provides all of it to the workers as plain data, and removes it after the tests.
 * A mistake in a variable or file ends the run before anything is started.
 */
import type { TestProject } from 'vitest/node'
import { readPrivateKey } from '../certificate/signing-key.ts'
import { ClaimcheckError } from '../core/errors.ts'
import { readSettings, type Settings } from '../core/variables.ts'
import { standardError } from '../core/terminal.ts'
import { knownProfiles } from '../sku/known-profiles.ts'
import { loadWaivers, type Waiver } from '../expect/waiver.ts'
import type { Prepared } from '../targets/target-kind.ts'
import { targetKindOf } from '../targets/target-kinds.ts'

declare module 'vitest' {
  interface ProvidedContext {
    settings: Settings
    waivers: readonly Waiver[]
    prepared: Prepared
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  refuseUnloadablePath(project.config.root)
  const given = readSettings(process.env)
  const kind = targetKindOf(given)
  if (given.signKey !== undefined) readPrivateKey(given.signKey)
  const settings = (await kind.completeSettings?.(given, knownProfiles(), say)) ?? given
  const system = kind.loadSystemUnderTest(settings)
  project.provide('settings', settings)
  project.provide('waivers', settings.waivers === undefined ? [] : loadWaivers(settings.waivers, new Date()))
  const { prepared, end } = await kind.prepare(settings, system, say)
  project.provide('prepared', prepared)
  return end
}

/** Vite reads "#" and "?" in the path of a file as the end of the path. Throws FILE_INVALID. */
function refuseUnloadablePath(root: string): void {
  if (!/[#?]/.test(root)) return
  throw new ClaimcheckError('FILE_INVALID', {
    subject: `folder ${root}`,
    problem: 'has a path that Vitest cannot load files from',
    expected: 'a path without "#" and "?"',
    hint: 'Rename the folder.',
  })
}

const say = (line: string): void => standardError().write(`claimcheck: ${line}\n`)
