/**
 * Keeps compiled modules, and TypeScript without its types, in `node_modules/.cache/claimcheck`, so that the next process starts
 * faster. Whoever can write there can change the code itself, so the cache needs no protection of its own.
 */
import { enableCompileCache } from 'node:module'
import { dirname, join } from 'node:path'
import { PACKAGE_ROOT } from './package-root.ts'

/** Applies to this process and its children, unless `env` already names a cache. Node ignores a folder that cannot be written. */
export function keepCompiledModules(env: NodeJS.ProcessEnv): void {
  if (env['NODE_COMPILE_CACHE'] !== undefined || env['NODE_DISABLE_COMPILE_CACHE'] !== undefined) return
  const isInstalled = PACKAGE_ROOT.includes('/node_modules/')
  const modules = isInstalled ? dirname(PACKAGE_ROOT) : join(PACKAGE_ROOT, 'node_modules')
  const folder = join(modules, '.cache', 'claimcheck')
  enableCompileCache(folder)
  env['NODE_COMPILE_CACHE'] = folder
}
