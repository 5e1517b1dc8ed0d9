/**
 * Collects the tests that suite files declare for a SKU: their import of `claimcheck` is resolved to `collecting-suite.ts`. Use
 * it once per process or worker thread, since modules are loaded once.
 */
import { registerHooks } from 'node:module'
import { extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Sku } from '../sku/sku.ts'
import { collectFor, collectedTests, type CollectedTest } from './collecting-suite.ts'

const REPLACED_MODULE = /\/harness\/(vitest|public)\/suite\.[jt]s$/
const COLLECTING = new URL(`collecting-suite${extname(import.meta.filename)}`, import.meta.url).href

export async function loadSuites(paths: readonly string[], sku: Sku): Promise<readonly CollectedTest[]> {
  collectFor(sku)
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'claimcheck') return { url: COLLECTING, format: undefined, shortCircuit: true }
      const resolved = next(specifier, context)
      return REPLACED_MODULE.test(resolved.url) ? { ...resolved, url: COLLECTING } : resolved
    },
  })
  try {
    for (const path of paths) await import(pathToFileURL(path).href)
  } finally {
    hooks.deregister()
  }
  return [...collectedTests]
}
