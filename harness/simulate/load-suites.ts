/**
 * Reads suite files as data: their import of the Vitest suite is answered by the collecting one, so that what is simulated
 * is what the suites say. Takes paths; gives the tests they declare. For a process or worker of its own: files load once.
 */
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import { collectedTests, type CollectedTest } from './collecting-suite.ts'

const STANDS_IN_FOR = /\/harness\/vitest\/suite\.ts$/
const COLLECTING = new URL('collecting-suite.ts', import.meta.url).href

export async function loadSuites(paths: readonly string[]): Promise<readonly CollectedTest[]> {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context)
      return STANDS_IN_FOR.test(resolved.url) ? { ...resolved, url: COLLECTING } : resolved
    },
  })
  try {
    for (const path of paths) await import(pathToFileURL(path).href)
  } finally {
    hooks.deregister()
  }
  return [...collectedTests]
}
